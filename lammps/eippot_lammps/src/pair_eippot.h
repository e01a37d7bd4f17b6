/// pair_style eippot: an exported eippot model as a potential of LAMMPS.
///
///     pair_style eippot
///     pair_coeff * * si.pt Si          # one symbol per atom type; NULL under pair_style hybrid
///
/// `pair_style eippot warn 100 extrapolation_grade 2 force_std 0.2` warns, every 100 steps, where
/// an atom has more than that.
///
/// This class only speaks LAMMPS. NeighborGraph translates the neighbor list, ExportedModel
/// evaluates. All results are added to what LAMMPS holds, never assigned, so that the style can be
/// one of several (pair_style hybrid/overlay).

#ifndef EIPPOT_PAIR_EIPPOT_H
#define EIPPOT_PAIR_EIPPOT_H

#include <memory>
#include <string>
#include <vector>

#include "atom_rows.h"
#include "compressed_model.h"
#include "exported_model.h"
#include "neighbor_graph.h"
#include "node_messages.h"
#include "node_results.h"
#include "pair.h"
#include "self_test.h"

namespace LAMMPS_NS {

class PairEippot : public Pair {
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
  void announce(const std::string &name);
  void warn_about_lonely_ranks() const;
  std::string communication() const;

  // set-up of a run
  bool has_extended_ghosts() const;
  bool has_messages() const;
  void extend_ghosts();
  void announce_communication(int width);
  void warn_about_excluded_pairs();

  // a step
  void number_nodes();
  void evaluate();
  template <typename Action>
  void evaluating(Action action);
  void check_energies();
  void add_energies();
  void add_virial();
  void add_to_atoms(const std::vector<double> &values, int width, double unit, double **atoms);

  // where not to trust it
  struct Alarm {
    std::string quantity;
    double limit;
    bool is_above = false;
  };
  bool warns_of(const char *quantity) const;
  void check_doubts() const;
  void find_doubts();
  void warn(Alarm &alarm);
  void find_spread();
  void find_grade();

  // between ranks
  void copy_to_atoms(const double *rows, int width);
  void send_to_ghosts(eippot::AtomRows &rows);
  void send_to_owners(eippot::AtomRows &rows);

  static constexpr int virial_width = 9;  // most numbers of an atom that travel on LAMMPS' way

  std::unique_ptr<eippot::ExportedModel> model_;
  std::unique_ptr<eippot::CompressedModel> compressed_;  // runs instead of it, if there is one
  eippot::NeighborGraph neighbors_;
  eippot::NodeMessages messages_;
  std::string without_engine_;              // why a compressed model runs without
  eippot::Evaluation of_edges_;             // of the TorchScript file
  eippot::NodeResults results_;             // of the last step
  eippot::SelfTest self_test_;              // of what runs
  std::vector<int> species_of_type_;        // (ntypes + 1,) index into the model's species, or -1
  eippot::AtomRows rows_;                   // of what is added to atoms, or travels
  eippot::AtomRows *travelling_ = nullptr;  // what is on LAMMPS' way between ranks
  double energy_unit_ = 1.0;                // 1 eV in LAMMPS' units
  double length_unit_ = 1.0;                // 1 Angstrom in LAMMPS' units

  int wants_spread_ = 0, wants_grade_ = 0;   // set by fix pair
  std::vector<double> energy_std_;           // (nlocal + 1,) over a committee, in LAMMPS' units
  std::vector<double> force_std_;            // (nlocal + 1,)
  std::vector<double> extrapolation_grade_;  // (nlocal + 1,)
  int warn_every_ = 0;                       // steps; 0 for never
  std::vector<Alarm> alarms_;
};

}  // namespace LAMMPS_NS

#endif
