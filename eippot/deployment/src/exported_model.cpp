#include "exported_model.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/cuda.h>
#include <torch/script.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "exchange_operator.h"
#include "tensor_memory.h"

namespace eippot {

namespace {

constexpr std::int64_t supported_format_version = 2;

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

/// A GPU, if this process sees one; ranks of one machine take turns.
torch::Device device_for(int local_rank) {
  const auto n_gpus = torch::cuda::device_count();
  if (n_gpus == 0) return torch::kCPU;
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(local_rank % static_cast<int>(n_gpus))};
}

torch::jit::Module open_file(const std::string &path, torch::Device device) {
  if (!std::ifstream(path)) throw ModelError("cannot read the model file '" + path + "'");
  if (path.size() > 4 && path.compare(path.size() - 4, 4, ".pt2") == 0)
    throw ModelError("'" + path + "' is compiled for Python; all others run what 'eippot export' " +
                     "writes with any other ending, such as model.pt");
  register_exchange_operator();
  return translating_errors(
      "'" + path + "' is not an exported eippot model (write one with 'eippot export')", [&] {
        auto module = torch::jit::load(path, device);
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
                   "; export it again with this version of eippot, or build what reads it anew "
                   "('eippot lammps build --force', 'eippot kim install')");
}

ModelMetadata read_metadata(const torch::jit::Module &module) {
  check_format_version(module);
  ModelMetadata metadata;
  metadata.architecture = attribute(module, "architecture").toStringRef();
  for (const auto &symbol : attribute(module, "species").toListRef())
    metadata.species.push_back(symbol.toStringRef());
  metadata.cutoff = attribute(module, "cutoff").toDouble();
  metadata.interaction_range = attribute(module, "interaction_range").toDouble();
  metadata.ghost_range = attribute(module, "ghost_range").toDouble();
  metadata.n_exchanges = attribute(module, "n_exchanges").toInt();
  metadata.n_members = attribute(module, "n_members").toInt();
  metadata.table_bins = attribute(module, "table_bins").toInt();
  metadata.dtype = attribute(module, "dtype").toStringRef();
  metadata.citation = attribute(module, "citation").toStringRef();
  metadata.eippot_version = attribute(module, "eippot_version").toStringRef();
  if (module.hasattr("training_neighborhoods"))  // files of earlier versions have none
    metadata.training_neighborhoods = module.attr("training_neighborhoods").toInt();
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

/// Atomic energies (N,), or (N, members), as the model gives them.
void check_energies(const torch::Tensor &energies, torch::IntArrayRef shape) {
  if (energies.sizes() == shape) return;
  throw ModelError("expected atomic energies of the shape " + c10::str(shape) +
                   " from the model, got " + c10::str(energies.sizes()) +
                   "; export the model again with 'eippot export'");
}

/// The tensors that a model takes; on the CPU, views of a graph.
struct Inputs {
  torch::Tensor species, edge_index, edge_vectors;
  Inputs(const AtomGraph &graph, torch::Device device)
      : species(view(graph.species, {graph.n_nodes()}).to(device)),
        edge_index(view(graph.edge_index, {2, graph.n_edges()}).to(device)),
        edge_vectors(view(graph.edge_vectors, {graph.n_edges(), 3}).to(device)) {
    edge_vectors.requires_grad_(true);
  }
};

/// Energies (n_owned,) and d(sum of energies)/d(edge vectors) (E, 3), which is zero where the
/// energy does not depend on them.
Evaluation evaluation_of(const torch::Tensor &energies, const torch::Tensor &edge_vectors,
                         bool keep_graph) {
  auto g = torch::zeros_like(edge_vectors);
  if (energies.requires_grad()) {
    const auto found = torch::autograd::grad({energies.sum()}, {edge_vectors}, /*grad_outputs=*/{},
                                             keep_graph, /*create_graph=*/false,
                                             /*allow_unused=*/true)[0];
    if (found.defined()) g = found;
  }
  Evaluation result;
  copy_to(result.atomic_energies, energies);
  copy_to(result.edge_gradient, g);
  return result;
}

/// The structure of the self-test, and what the file says of it.
Reference read_reference(const torch::jit::Module &module) {
  Reference reference;
  auto &graph = reference.graph;
  copy_to(graph.species, attribute(module, "selftest_species").toTensor());
  copy_to(graph.edge_index, attribute(module, "selftest_edge_index").toTensor());
  copy_to(graph.edge_vectors, attribute(module, "selftest_edge_vectors").toTensor());
  copy_to(reference.energy, attribute(module, "selftest_energy").toTensor());
  copy_to(reference.forces, attribute(module, "selftest_forces").toTensor());
  copy_to(reference.virial, attribute(module, "selftest_virial").toTensor());
  graph.n_owned = graph.n_nodes();

  const auto is_node = [&](std::int64_t index) { return 0 <= index && index < graph.n_nodes(); };
  if (graph.edge_vectors.size() == 3 * graph.edge_index.size() / 2 &&
      reference.energy.size() == 1 && reference.forces.size() == 3 * graph.species.size() &&
      reference.virial.size() == 9 &&
      std::all_of(graph.edge_index.begin(), graph.edge_index.end(), is_node))
    return reference;
  throw ModelError("the self-test in the model file is damaged; export the model again");
}

}  // namespace

std::vector<double> forces_on_nodes(const AtomGraph &graph, const Evaluation &evaluation) {
  std::vector<double> forces(3 * graph.n_nodes(), 0.0);
  for (std::int64_t edge = 0; edge < graph.n_edges(); ++edge) {
    for (int a = 0; a < 3; ++a) {
      const double g = evaluation.edge_gradient[3 * edge + a];
      forces[3 * graph.center(edge) + a] += g;
      forces[3 * graph.neighbor(edge) + a] -= g;
    }
  }
  return forces;
}

struct ExportedModel::Module {
  torch::Device device;
  torch::jit::Module script;
  std::shared_ptr<TensorMemory> memory;
};

ExportedModel::ExportedModel(const Text &path, int local_rank) {
  const auto device = device_for(local_rank);
  module_ = std::make_unique<Module>(
      Module{device, open_file(path.str(), device), std::make_shared<TensorMemory>()});
  metadata_ = translating_errors("cannot read the metadata of '" + path.str() + "'",
                                 [&] { return read_metadata(module_->script); });
}

ExportedModel::~ExportedModel() = default;

Text ExportedModel::device() const {
  return module_->device.str();
}

/// Runs `action` as all evaluations run.
template <typename Action>
void ExportedModel::run(Action action) const {
  translating_errors("the model could not be evaluated", [&] {
    const ThreadLimit threads(n_threads_);
    // The profiling executor compiles anew for new numbers of edges; MD has a new one each step.
    const torch::jit::GraphOptimizerEnabledGuard no_optimizer(false);
    const torch::AutoGradMode with_gradient(true);
    const TensorMemory::Scope memory(*module_->memory);
    action();
  });
}

void ExportedModel::evaluate(const AtomGraph &graph, NodeExchange *exchange,
                             Evaluation &result) const {
  run([&] {
    const ExchangeScope through(exchange);
    const Inputs in(graph, module_->device);
    const auto energies =
        module_->script.forward({in.species, in.edge_index, in.edge_vectors}).toTensor();
    check_energies(energies, {graph.n_nodes()});
    result = evaluation_of(energies.narrow(0, 0, graph.n_owned), in.edge_vectors, false);
  });
}

std::vector<Evaluation> ExportedModel::evaluate_members(const AtomGraph &graph,
                                                        NodeExchange *exchange) const {
  std::vector<Evaluation> results;
  run([&] {
    const ExchangeScope through(exchange);
    const Inputs in(graph, module_->device);
    const auto energies =
        module_->script.run_method("member_energies", in.species, in.edge_index, in.edge_vectors)
            .toTensor();
    check_energies(energies, {graph.n_nodes(), metadata_.n_members});
    for (const auto &member : energies.narrow(0, 0, graph.n_owned).unbind(1))
      results.push_back(evaluation_of(member, in.edge_vectors, true));
  });
  return results;
}

std::vector<double> ExportedModel::extrapolation_grade(const AtomGraph &graph,
                                                       NodeExchange *exchange) const {
  std::vector<double> result;
  run([&] {
    const torch::NoGradGuard without_gradient;
    const ExchangeScope through(exchange);
    const Inputs in(graph, module_->device);
    const auto grade =
        module_->script
            .run_method("extrapolation_grade", in.species, in.edge_index, in.edge_vectors)
            .toTensor();
    copy_to(result, grade.narrow(0, 0, graph.n_owned));
  });
  return result;
}

Reference ExportedModel::reference() const {
  return translating_errors("the self-test in the model file cannot be read",
                            [&] { return read_reference(module_->script); });
}

std::vector<NamedArray> ExportedModel::parameters() const {
  return translating_errors("the weights in the model file cannot be read", [&] {
    std::vector<NamedArray> arrays;
    const auto add = [&](const std::string &name, const torch::Tensor &tensor) {
      if (name.rfind("selftest_", 0) == 0) return;
      arrays.push_back({name, {}});
      copy_to(arrays.back().values, tensor);
    };
    for (const auto &named : module_->script.named_parameters()) add(named.name, named.value);
    for (const auto &named : module_->script.named_buffers()) add(named.name, named.value);
    return arrays;
  });
}

}  // namespace eippot
