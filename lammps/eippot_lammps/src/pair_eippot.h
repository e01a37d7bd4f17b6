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

#include <memory>
#include <string>
#include <vector>

#include "exported_model.h"
#include "neighbor_graph.h"
#include "pair.h"

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

  int pack_forward_comm(int n, int *list, double *buffer, int pbc_flag, int *pbc) override;
  void unpack_forward_comm(int n, int first, double *buffer) override;

 private:
  // pair_coeff
  std::unique_ptr<eippot::ExportedModel> open_model(const std::string &name) const;
  std::vector<int> species_of_types(const eippot::ModelMetadata &model, int n_symbols,
                                    char **symbols) const;
  int species_index(const eippot::ModelMetadata &model, const std::string &symbol) const;
  eippot::SelfTest checked_self_test(const eippot::ExportedModel &model) const;
  void mark_covered_types();
  void announce(const std::string &name, const eippot::SelfTest &self_test);

  // set-up of a run
  void warn_about_excluded_pairs();

  // a step
  void find_owners();
  void evaluate_model();
  void add_forces();
  void add_energies();
  void add_virial();

  std::unique_ptr<eippot::ExportedModel> model_;
  eippot::NeighborGraph neighbors_;
  eippot::Evaluation result_;         // eV and Angstrom, as all that comes from the model
  std::vector<int> species_of_type_;  // (ntypes + 1,) index into the model's species, or -1
  std::vector<int> owner_;            // (nlocal + nghost,) local index of the atom that each one is
                                      // or is an image of
  double energy_unit_ = 1.0;          // 1 eV in LAMMPS' units
  double length_unit_ = 1.0;          // 1 Angstrom in LAMMPS' units
};

}  // namespace LAMMPS_NS

#endif
