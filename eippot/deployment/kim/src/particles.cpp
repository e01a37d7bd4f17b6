#include "particles.h"

#include <KIM_ModelHeaders.hpp>
#include <KIM_SimulatorHeaders.hpp>

namespace eippot {

namespace {

template <typename T>
T *pointer(const KIM::ModelComputeArguments &arguments, KIM::ComputeArgumentName name) {
  T *found = nullptr;
  if (arguments.GetArgumentPointer(name, &found) || !found)
    throw ModelError("the simulator does not give '" + name.ToString() + "'");
  return found;
}

}  // namespace

Particles::Particles(double cutoff, double angstrom, int steps)
    : reach_squared_(cutoff * angstrom * cutoff * angstrom),
      length_to_angstrom_(1.0 / angstrom),
      most_steps_(steps) {}

void Particles::add_node(int particle, int species, int steps) {
  node_of_particle_[particle] = static_cast<int>(particle_of_node_.size());
  particle_of_node_.push_back(particle);
  species_.push_back(species);
  steps_.push_back(steps);
}

void Particles::read(const KIM::ModelComputeArguments &arguments) {
  namespace names = KIM::COMPUTE_ARGUMENT_NAME;
  const int n_particles = *pointer<const int>(arguments, names::numberOfParticles);
  const auto *contributing = pointer<const int>(arguments, names::particleContributing);
  species_codes_ = pointer<const int>(arguments, names::particleSpeciesCodes);
  positions_ = pointer<const double>(arguments, names::coordinates);
  node_of_particle_.assign(n_particles, -1);
  particle_of_node_.clear();
  species_.clear();
  steps_.clear();
  neighbors_.clear();
  first_.assign(1, 0);
  for (int particle = 0; particle < n_particles; ++particle)
    if (contributing[particle]) add_node(particle, species_codes_[particle], 0);
  const auto n_contributing = static_cast<int>(particle_of_node_.size());
  for (std::size_t node = 0; node < particle_of_node_.size(); ++node) {
    if (steps_[node] <= most_steps_) read_neighbors(arguments, static_cast<int>(node));
    first_.push_back(static_cast<std::int64_t>(neighbors_.size()));
  }
  n_nodes = n_centers = static_cast<int>(particle_of_node_.size());
  n_uncounted = n_nodes - n_contributing;
  species = species_.data();
}

/// Simulators also list particles beyond the cutoff. Neighbors that are no nodes yet become some.
void Particles::read_neighbors(const KIM::ModelComputeArguments &arguments, int node) {
  const int center = particle_of_node_[node];
  int n_listed = 0;
  const int *listed = nullptr;
  if (arguments.GetNeighborList(0, center, &n_listed, &listed))
    throw ModelError("the simulator has no neighbors of particle " + std::to_string(center));
  const double *origin = positions_ + 3L * center;
  for (int k = 0; k < n_listed; ++k) {
    const int particle = listed[k];
    const double *position = positions_ + 3L * particle;
    const double x = position[0] - origin[0], y = position[1] - origin[1],
                 z = position[2] - origin[2];
    if (x * x + y * y + z * z >= reach_squared_) continue;
    if (node_of_particle_[particle] < 0)
      add_node(particle, species_codes_[particle], steps_[node] + 1);
    neighbors_.push_back(
        {node_of_particle_[particle],
         {x * length_to_angstrom_, y * length_to_angstrom_, z * length_to_angstrom_}});
  }
}

void Particles::find(int node, std::vector<Neighbor> &neighbors) const {
  neighbors.assign(neighbors_.begin() + first_[node], neighbors_.begin() + first_[node + 1]);
}

const AtomGraph &Particles::find_edges() {
  const std::size_t n_edges = neighbors_.size();
  graph_.n_owned = n_contributing();
  graph_.species.assign(species_.begin(), species_.end());
  graph_.edge_index.resize(2 * n_edges);
  graph_.edge_vectors.resize(3 * n_edges);
  for (int node = 0; node < n_nodes; ++node)
    for (auto edge = first_[node]; edge < first_[node + 1]; ++edge) {
      graph_.edge_index[edge] = node;
      graph_.edge_index[n_edges + edge] = neighbors_[edge].node;
      for (int d = 0; d < 3; ++d) graph_.edge_vectors[3 * edge + d] = neighbors_[edge].vector[d];
    }
  return graph_;
}

}  // namespace eippot
