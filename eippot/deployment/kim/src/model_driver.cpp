/// A KIM model driver whose one parameter file is an exported eippot model.

#include <KIM_ModelDriverHeaders.hpp>
#include <exception>
#include <memory>
#include <string>

#include "kim_model.h"

namespace {

using eippot::KimModel;
using eippot::ModelError;

/// Calls action(), and hands what it throws to KIM's log; returns what KIM asks for, whether it
/// failed.
template <typename Log, typename Action>
int reporting_to(const Log *log, Action action) {
  try {
    action();
    return false;
  } catch (const std::exception &failure) {
    log->LogEntry(KIM::LOG_VERBOSITY::error, std::string("eippot: ") + failure.what(), __LINE__,
                  __FILE__);
    return true;
  }
}

void require(bool done, const char *what) {
  if (!done) throw ModelError(std::string("KIM does not accept ") + what);
}

/// 1 eV^energy Angstrom^length in the simulator's units.
double converted(double length, double energy, KIM::LengthUnit length_unit,
                 KIM::EnergyUnit energy_unit) {
  double factor = 1.0;
  const int failed = KIM::ModelDriverCreate::ConvertUnit(
      KIM::LENGTH_UNIT::A, KIM::ENERGY_UNIT::eV, KIM::CHARGE_UNIT::e, KIM::TEMPERATURE_UNIT::K,
      KIM::TIME_UNIT::ps, length_unit, energy_unit, KIM::CHARGE_UNIT::e, KIM::TEMPERATURE_UNIT::K,
      KIM::TIME_UNIT::ps, length, energy, 0.0, 0.0, 0.0, &factor);
  require(!failed, "units of length and energy");
  return factor;
}

std::string parameter_file(const KIM::ModelDriverCreate &create) {
  int n_files = 0;
  create.GetNumberOfParameterFiles(&n_files);
  if (n_files != 1)
    throw ModelError("expected one parameter file, an exported eippot model, got " +
                     std::to_string(n_files));
  const std::string *folder = nullptr, *name = nullptr;
  create.GetParameterFileDirectoryName(&folder);
  require(!create.GetParameterFileBasename(0, &name), "the question for the parameter file");
  return *folder + "/" + *name;
}

template <typename Of>
KimModel &model_of(const Of &object) {
  void *model = nullptr;
  object.GetModelBufferPointer(&model);
  return *static_cast<KimModel *>(model);
}

int destroy(KIM::ModelDestroy *const model_destroy) {
  delete &model_of(*model_destroy);
  return false;
}

int create_arguments(const KIM::ModelCompute *const,
                     KIM::ModelComputeArgumentsCreate *const create) {
  namespace names = KIM::COMPUTE_ARGUMENT_NAME;
  return reporting_to(create, [&] {
    for (const auto &name :
         {names::partialEnergy, names::partialForces, names::partialParticleEnergy,
          names::partialVirial, names::partialParticleVirial})
      require(!create->SetArgumentSupportStatus(name, KIM::SUPPORT_STATUS::optional), "a result");
  });
}

int destroy_arguments(const KIM::ModelCompute *const, KIM::ModelComputeArgumentsDestroy *const) {
  return false;
}

int compute(const KIM::ModelCompute *const model_compute,
            const KIM::ModelComputeArguments *const arguments) {
  return reporting_to(model_compute, [&] { model_of(*model_compute).compute(*arguments); });
}

void announce_routines(KIM::ModelDriverCreate &create) {
  namespace routines = KIM::MODEL_ROUTINE_NAME;
  const auto set = [&](KIM::ModelRoutineName name, KIM::Function *routine) {
    require(!create.SetRoutinePointer(name, KIM::LANGUAGE_NAME::cpp, true, routine), "a routine");
  };
  set(routines::Destroy, reinterpret_cast<KIM::Function *>(&destroy));
  set(routines::ComputeArgumentsCreate, reinterpret_cast<KIM::Function *>(&create_arguments));
  set(routines::ComputeArgumentsDestroy, reinterpret_cast<KIM::Function *>(&destroy_arguments));
  set(routines::Compute, reinterpret_cast<KIM::Function *>(&compute));
}

void create_model(KIM::ModelDriverCreate &create, KIM::LengthUnit length, KIM::EnergyUnit energy) {
  const eippot::Units units = {converted(1.0, 0.0, length, energy),
                               converted(0.0, 1.0, length, energy)};
  auto model = std::make_unique<KimModel>(parameter_file(create), units);
  require(!create.SetUnits(length, energy, KIM::CHARGE_UNIT::unused, KIM::TEMPERATURE_UNIT::unused,
                           KIM::TIME_UNIT::unused),
          "the units");
  require(!create.SetModelNumbering(KIM::NUMBERING::zeroBased), "numbers from zero");
  const auto &species = model->species();
  for (std::size_t code = 0; code < species.size(); ++code)
    require(!create.SetSpeciesCode(KIM::SpeciesName(species[code].str()), static_cast<int>(code)),
            "a species");
  create.SetInfluenceDistancePointer(model->influence_distance());
  create.SetNeighborListPointers(1, model->cutoff(), model->needs_no_padding_neighbors());
  announce_routines(create);
  create.LogEntry(KIM::LOG_VERBOSITY::information, model->description(), __LINE__, __FILE__);
  create.SetModelBufferPointer(model.release());
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int eippot_create_kim_model(
    KIM::ModelDriverCreate *const create, const KIM::LengthUnit length,
    const KIM::EnergyUnit energy, const KIM::ChargeUnit, const KIM::TemperatureUnit,
    const KIM::TimeUnit) {
  return reporting_to(create, [&] { create_model(*create, length, energy); });
}
