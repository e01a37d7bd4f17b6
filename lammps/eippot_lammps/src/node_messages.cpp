#include "node_messages.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace eippot {

namespace {

/// Where each of several groups begins that follow one another.
std::vector<int> firsts(const std::vector<int> &counts) {
  std::vector<int> first(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), first.begin(), 0);
  return first;
}

}  // namespace

void NodeMessages::plan(MPI_Comm world, const NeighborGraph &nodes) {
  world_ = world;
  n_owned_ = nodes.n_centers;
  n_ghosts_ = nodes.n_nodes - nodes.n_centers;
  int n_ranks = 0;
  MPI_Comm_size(world, &n_ranks);

  std::vector<int> n_borrowed(n_ranks), n_lent(n_ranks), wanted;
  for (const Origin &origin : nodes.origins()) {
    ++n_borrowed[origin.rank];
    wanted.push_back(origin.index);
  }
  MPI_Alltoall(n_borrowed.data(), 1, MPI_INT, n_lent.data(), 1, MPI_INT, world);
  lent_.resize(std::accumulate(n_lent.begin(), n_lent.end(), 0));
  MPI_Alltoallv(wanted.data(), n_borrowed.data(), firsts(n_borrowed).data(), MPI_INT, lent_.data(),
                n_lent.data(), firsts(n_lent).data(), MPI_INT, world);
  for (int &atom : lent_) atom = nodes.node_of_atom()[atom];
  owners_ = partners(n_borrowed);
  users_ = partners(n_lent);
}

std::vector<NodeMessages::Partner> NodeMessages::partners(const std::vector<int> &counts) {
  const std::vector<int> first = firsts(counts);
  std::vector<Partner> found;
  for (int rank = 0; rank < static_cast<int>(counts.size()); ++rank)
    if (counts[rank] > 0) found.push_back({rank, first[rank], counts[rank]});
  return found;
}

void NodeMessages::to_ghosts(void *rows, int bytes) {
  auto *of_nodes = static_cast<char *>(rows);
  const std::size_t size = bytes;
  rows_.resize(lent_.size() * size);
  for (std::size_t k = 0; k < lent_.size(); ++k) {
    if (lent_[k] >= 0)
      std::memcpy(&rows_[k * size], of_nodes + lent_[k] * size, size);
    else
      std::memset(&rows_[k * size], 0, size);
  }
  carry(Way::to_ghosts, of_nodes + n_owned_ * size, rows_.data(), bytes);
}

void NodeMessages::to_owners(double *rows, int width) {
  double *of_ghosts = rows + static_cast<std::size_t>(n_owned_) * width;
  const std::size_t size = width * sizeof(double);
  rows_.resize(lent_.size() * size);
  carry(Way::to_owners, reinterpret_cast<char *>(of_ghosts), rows_.data(), static_cast<int>(size));
  std::vector<double> row(width);
  for (std::size_t k = 0; k < lent_.size(); ++k) {
    if (lent_[k] < 0) continue;
    std::memcpy(row.data(), &rows_[k * size], size);
    double *owned = rows + static_cast<std::size_t>(lent_[k]) * width;
    for (int c = 0; c < width; ++c) owned[c] += row[c];
  }
  std::fill_n(of_ghosts, static_cast<std::size_t>(n_ghosts_) * width, 0.0);
}

/// Rows of ghosts (n_ghosts, bytes), and of lent nodes, from the ones to the others.
void NodeMessages::carry(Way way, char *of_ghosts, char *of_owned, int bytes) const {
  MPI_Datatype row;
  MPI_Type_contiguous(bytes, MPI_BYTE, &row);
  MPI_Type_commit(&row);
  std::vector<MPI_Request> requests;
  const auto start = [&](bool receives, const std::vector<Partner> &partners, char *rows) {
    for (const Partner &partner : partners) {
      char *begin = rows + static_cast<std::size_t>(partner.first) * bytes;
      MPI_Request &request = requests.emplace_back();
      if (receives)
        MPI_Irecv(begin, partner.count, row, partner.rank, 0, world_, &request);
      else
        MPI_Isend(begin, partner.count, row, partner.rank, 0, world_, &request);
    }
  };
  const bool forward = way == Way::to_ghosts;
  start(forward, owners_, of_ghosts);
  start(!forward, users_, of_owned);
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  MPI_Type_free(&row);
}

}  // namespace eippot
