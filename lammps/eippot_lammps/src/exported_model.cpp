#include "exported_model.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace eippot {

namespace {

constexpr std::int64_t supported_format_version = 1;

/// What the self-test allows: of the energy in eV/atom; of forces and virial relative to the
/// largest component, or to 1 where all are smaller.
double tolerance(const std::string &dtype) {
  return dtype == "float64" ? 1e-9 : 1e-4;
}

/// The sentence of a torch message that says what went wrong: the first one of the last line, since
/// tracebacks come before it and advice after it.
std::string core_of(const std::string &message) {
  std::istringstream lines(message);
  std::string line, last;
  while (std::getline(lines, line))
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  return last.substr(0, last.find(". "));
}

/// Runs `action`; whatever torch throws becomes a ModelError that opens with `what_failed`.
template <typename Action>
auto translating_errors(const std::string &what_failed, Action action) {
  try {
    return action();
  } catch (const ModelError &) {
    throw;
  } catch (const c10::Error &error) {
    throw ModelError(what_failed + ": " + core_of(error.what_without_backtrace()));
  } catch (const std::exception &error) {
    throw ModelError(what_failed + ": " + core_of(error.what()));
  }
}

/// Limits torch to `n` threads while it lives, and then gives the caller's setting back.
class ThreadLimit {
 public:
  explicit ThreadLimit(int n) : before_(at::get_num_threads()) { set(n); }
  ~ThreadLimit() { set(before_); }
  ThreadLimit(const ThreadLimit &) = delete;
  ThreadLimit &operator=(const ThreadLimit &) = delete;

 private:
  static void set(int n) {
    if (n != at::get_num_threads()) at::set_num_threads(n);
  }
  int before_;
};

torch::jit::Module open_file(const std::string &path) {
  if (!std::ifstream(path)) throw ModelError("cannot read the model file '" + path + "'");
  return translating_errors(
      "'" + path + "' is not an exported eippot model (write one with 'eippot export')", [&] {
        auto module = torch::jit::load(path, torch::kCPU);
        module.eval();
        for (auto parameter : module.parameters()) parameter.requires_grad_(false);
        return module;
      });
}

c10::IValue attribute(const torch::jit::Module &module, const std::string &name) {
  if (module.hasattr(name)) return module.attr(name);
  throw ModelError("the model file has no attribute '" + name +
                   "', so it is not an exported eippot model; write one with 'eippot export'");
}

void check_format_version(const torch::jit::Module &module) {
  const auto version = attribute(module, "format_version").toInt();
  if (version == supported_format_version) return;
  throw ModelError("expected a model file of format " + std::to_string(supported_format_version) +
                   ", got format " + std::to_string(version) +
                   "; export it again with this version of eippot, or rebuild the plugin with "
                   "'eippot lammps build --force'");
}

ModelMetadata read_metadata(const torch::jit::Module &module) {
  check_format_version(module);
  ModelMetadata metadata;
  metadata.architecture = attribute(module, "architecture").toStringRef();
  for (const auto &symbol : attribute(module, "species").toListRef())
    metadata.species.push_back(symbol.toStringRef());
  metadata.cutoff = attribute(module, "cutoff").toDouble();
  metadata.interaction_range = attribute(module, "interaction_range").toDouble();
  metadata.n_exchanges = attribute(module, "n_exchanges").toInt();
  metadata.dtype = attribute(module, "dtype").toStringRef();
  metadata.citation = attribute(module, "citation").toStringRef();
  metadata.eippot_version = attribute(module, "eippot_version").toStringRef();
  return metadata;
}

/// View of a vector's memory; valid as long as the vector is not resized.
template <typename T>
torch::Tensor view(const std::vector<T> &data, torch::IntArrayRef shape) {
  const auto options = torch::TensorOptions().dtype(c10::CppTypeToScalarType<T>::value);
  if (data.empty()) return torch::empty(shape, options);
  return torch::from_blob(const_cast<T *>(data.data()), shape, options);
}

template <typename T>
void copy_to(std::vector<T> &data, const torch::Tensor &tensor) {
  const torch::Tensor contiguous =
      tensor.detach().to(torch::kCPU, c10::CppTypeToScalarType<T>::value).contiguous();
  data.assign(contiguous.data_ptr<T>(), contiguous.data_ptr<T>() + contiguous.numel());
}

void check_energies(const torch::Tensor &energies, std::int64_t n_atoms) {
  if (energies.dim() == 1 && energies.size(0) == n_atoms) return;
  throw ModelError("expected " + std::to_string(n_atoms) +
                   " atomic energies from the model, got an array of shape " +
                   c10::str(energies.sizes()) + "; export the model again with 'eippot export'");
}

/// dE/d(edge vectors), of the shape (E, 3); zero where the energy does not depend on them.
torch::Tensor gradient(const torch::Tensor &energies, const torch::Tensor &edge_vectors) {
  if (!energies.requires_grad()) return torch::zeros_like(edge_vectors);
  const auto g = torch::autograd::grad({energies.sum()}, {edge_vectors}, /*grad_outputs=*/{},
                                       /*retain_graph=*/false, /*create_graph=*/false,
                                       /*allow_unused=*/true)[0];
  return g.defined() ? g : torch::zeros_like(edge_vectors);
}

/// Energy (1,) [eV], forces (N, 3) [eV/Angstrom] and virial (3, 3) [eV] of a whole graph.
struct Totals {
  std::vector<double> energy, forces, virial;
  Totals() = default;
  Totals(const AtomGraph &graph, const Evaluation &result)
      : energy(1, 0.0), forces(3 * graph.n_atoms(), 0.0), virial(9, 0.0) {
    for (const double e : result.atomic_energies) energy[0] += e;
    for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
      const double *g = &result.edge_gradient[3 * edge];
      const double *r = &graph.edge_vectors[3 * edge];
      for (int a = 0; a < 3; ++a) {
        forces[3 * graph.center(edge) + a] += g[a];
        forces[3 * graph.neighbor(edge) + a] -= g[a];
        for (int b = 0; b < 3; ++b) virial[3 * a + b] -= r[a] * g[b];
      }
    }
  }
};

/// Largest |component| of a; NaN if there is one.
double largest(const std::vector<double> &a) {
  double result = 0.0;
  for (const double value : a) {
    if (std::isnan(value)) return value;
    result = std::max(result, std::abs(value));
  }
  return result;
}

double largest_difference(std::vector<double> a, const std::vector<double> &b) {
  for (std::size_t k = 0; k < a.size(); ++k) a[k] -= b[k];
  return largest(a);
}

/// The sizes and indices of a self-test read from a file.
void check_self_test(const AtomGraph &graph, const Totals &expected) {
  const auto is_atom = [&](std::int64_t index) { return 0 <= index && index < graph.n_atoms(); };
  if (graph.edge_vectors.size() == 3 * graph.edge_index.size() / 2 && expected.energy.size() == 1 &&
      expected.forces.size() == 3 * graph.species.size() && expected.virial.size() == 9 &&
      std::all_of(graph.edge_index.begin(), graph.edge_index.end(), is_atom))
    return;
  throw ModelError("the self-test in the model file is damaged; export the model again");
}

}  // namespace

struct ExportedModel::Module {
  torch::jit::Module script;
};

ExportedModel::ExportedModel(const std::string &path)
    : module_(std::make_unique<Module>(Module{open_file(path)})),
      metadata_(translating_errors("cannot read the metadata of '" + path + "'",
                                   [&] { return read_metadata(module_->script); })) {}

ExportedModel::~ExportedModel() = default;

void ExportedModel::evaluate(const AtomGraph &graph, Evaluation &result) const {
  translating_errors("the model could not be evaluated", [&] {
    const ThreadLimit threads(n_threads_);
    // The profiling executor compiles anew for new numbers of edges; MD has a new one each step.
    const torch::jit::GraphOptimizerEnabledGuard no_optimizer(false);
    const torch::AutoGradMode with_gradient(true);

    const auto species = view(graph.species, {graph.n_atoms()});
    const auto edge_index = view(graph.edge_index, {2, graph.n_edges()});
    const auto edge_vectors = view(graph.edge_vectors, {graph.n_edges(), 3}).requires_grad_(true);

    const auto energies = module_->script.forward({species, edge_index, edge_vectors}).toTensor();
    check_energies(energies, graph.n_atoms());
    copy_to(result.edge_gradient, gradient(energies, edge_vectors));
    copy_to(result.atomic_energies, energies);
  });
}

SelfTest ExportedModel::self_test() const {
  AtomGraph graph;
  Totals expected;
  translating_errors("the self-test in the model file cannot be read", [&] {
    const auto &script = module_->script;
    copy_to(graph.species, attribute(script, "selftest_species").toTensor());
    copy_to(graph.edge_index, attribute(script, "selftest_edge_index").toTensor());
    copy_to(graph.edge_vectors, attribute(script, "selftest_edge_vectors").toTensor());
    copy_to(expected.energy, attribute(script, "selftest_energy").toTensor());
    copy_to(expected.forces, attribute(script, "selftest_forces").toTensor());
    copy_to(expected.virial, attribute(script, "selftest_virial").toTensor());
  });
  check_self_test(graph, expected);

  Evaluation result;
  evaluate(graph, result);
  const Totals ours(graph, result);

  SelfTest report;
  report.energy_error = largest_difference(ours.energy, expected.energy);
  report.force_error = largest_difference(ours.forces, expected.forces);
  report.virial_error = largest_difference(ours.virial, expected.virial);
  const double allowed = tolerance(metadata_.dtype);
  report.passed = report.energy_error <= allowed * graph.n_atoms() &&
                  report.force_error <= allowed * std::max(1.0, largest(expected.forces)) &&
                  report.virial_error <= allowed * std::max(1.0, largest(expected.virial));
  return report;
}

}  // namespace eippot
