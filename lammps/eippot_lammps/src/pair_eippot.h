/// pair_style eippot: an exported eippot model as a potential of LAMMPS.
///
///     pair_style eippot
///     pair_coeff * * si.pt Si          # one symbol per atom type; NULL under pair_style hybrid
///
/// This class only speaks LAMMPS. NeighborGraph translates the neighbor list, ExportedModel
/// evaluates. All results are added to what LAMMPS holds, never assigned, so that the style can be
/// one of several (pair_style hybrid/overlay).

#ifndef EIPPOT_PAIR_EIPPOT_H
#define EIPPOT_PAIR_EIPPOT_H

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "atom_rows.h"
#include "compressed_model.h"
#include "exported_model.h"
#include "neighbor_graph.h"
#include "pair.h"
#include "self_test.h"

namespace LAMMPS_NS {

class PairEippot : public Pair, private eippot::NodeExchange {
 public:
  explicit PairEippot(LAMMPS *lmp);
  ~PairEippot() override;

  void settings(int narg, char **arg) override;
  void coeff(int narg, char **arg) override;
  void init_style() override;
  double init_one(int i, int j) override;
  void compute(int eflag, int vflag) override;
  void *extract(const char *name, int &dimension) override;
  void *extract_peratom(const char *name, int &columns) override;

  int pack_forward_comm(int n, int *atoms, double *buffer, int pbc_flag, int *pbc) override;
  void unpack_forward_comm(int n, int first, double *buffer) override;
  int pack_reverse_comm(int n, int first, double *buffer) override;
  void unpack_reverse_comm(int n, int *atoms, double *buffer) override;

 private:
  // pair_coeff
  template <typename Action>
  void on_all_ranks(Action action) const;
  std::string path_of(const std::string &name) const;
  int local_rank() const;
  std::vector<int> species_of_types(const eippot::ModelMetadata &model, int n_symbols,
                                    char **symbols) const;
  int species_index(const eippot::ModelMetadata &model, const std::string &symbol) const;
  void require_passed(const eippot::SelfTest &report) const;
  void mark_covered_types();
  void announce(const std::string &name, const eippot::SelfTest &self_test);
  void warn_about_lonely_ranks() const;
  std::string communication() const;

  // set-up of a run
  bool has_extended_ghosts() const;
  void extend_ghosts();
  void announce_communication(int width);
  void warn_about_excluded_pairs();

  // a step
  void number_nodes();
  template <typename Evaluate>
  void evaluating(Evaluate evaluate);
  const std::vector<double> &atomic_energies() const;
  void check_energies();
  void add_forces();
  void add_energies();
  std::array<double, 9> edge_virial(std::int64_t edge) const;
  void add_virial();
  void add_atomic_virials();
  void add_centroid_virials();
  void find_spread();
  void add_to_owned(const std::vector<double> &values, int width, double unit, double **atoms);
  void add_to_atoms(const std::vector<double> &values, int width, double unit, double **atoms);

  // between ranks
  void to_ghosts(double *rows, int width) override;
  void to_owners(double *rows, int width) override;
  void copy_to_atoms(const double *rows, int width);
  void send_to_ghosts(eippot::AtomRows &rows);
  void send_to_owners(eippot::AtomRows &rows);

  static constexpr int virial_width = 9;  // most numbers of an atom that travel, but for features

  std::unique_ptr<eippot::ExportedModel> model_;
  std::unique_ptr<eippot::CompressedModel> compressed_;  // runs instead of it, if there is one
  eippot::NeighborGraph neighbors_;
  eippot::Evaluation result_;  // eV and Angstrom, as all that comes from the model
  eippot::OwnedAtoms compressed_result_;
  std::vector<int> species_of_type_;        // (ntypes + 1,) index into the model's species, or -1
  int exchange_width_ = 0;                  // most features of an atom that are exchanged at a time
  eippot::AtomRows rows_;                   // of what is added to atoms, or travels
  eippot::AtomRows *travelling_ = nullptr;  // what is on its way between ranks
  double energy_unit_ = 1.0;                // 1 eV in LAMMPS' units
  double length_unit_ = 1.0;                // 1 Angstrom in LAMMPS' units

  int wants_spread_ = 0;            // set by fix pair
  std::vector<double> energy_std_;  // (nlocal + 1,) over a committee, in LAMMPS' units
  std::vector<double> force_std_;   // (nlocal + 1,)
};

}  // namespace LAMMPS_NS

#endif
