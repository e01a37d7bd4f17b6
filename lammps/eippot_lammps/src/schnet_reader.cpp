#include "schnet_reader.h"

#include <torch/torch.h>

namespace eippot {

namespace {

/// What is at a path such as "update.0.weight".
c10::IValue at(torch::jit::Module module, const std::string &path) {
  const auto dot = path.find('.');
  if (dot == std::string::npos) return module.attr(path);
  return at(module.attr(path.substr(0, dot)).toModule(), path.substr(dot + 1));
}

std::vector<double> numbers(const torch::Tensor &tensor) {
  const auto values = tensor.detach().to(torch::kCPU, torch::kFloat64).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

std::vector<double> numbers_at(const torch::jit::Module &module, const std::string &path) {
  return numbers(at(module, path).toTensor());
}

DenseWeights dense_at(const torch::jit::Module &module, const std::string &path) {
  return {numbers_at(module, path + ".weight"), numbers_at(module, path + ".bias")};
}

InteractionWeights read_interaction(const torch::jit::Module &interaction,
                                    const torch::jit::Module &table) {
  const auto knots = table.attr("knots").toTensor();  // (K, 2, C), as in RadialTable
  InteractionWeights weights;
  weights.filter.values = numbers(knots.select(1, 0));
  weights.filter.derivatives =
      numbers(knots.select(1, 1).to(torch::kFloat64) * table.attr("per_angstrom").toDouble());
  weights.project.matrix = numbers_at(interaction, "project.weight");
  weights.first = dense_at(interaction, "update.0");
  weights.second = dense_at(interaction, "update.2");
  return weights;
}

}  // namespace

bool is_compressed_schnet(const torch::jit::Module &exported) {
  if (exported.attr("architecture").toStringRef() != "schnet" ||
      exported.attr("n_members").toInt() != 1 || exported.attr("table_bins").toInt() == 0)
    return false;
  const auto potential = exported.attr("potential").toModule();
  return potential.hasattr("representation") && at(potential, "core").isNone();
}

SchNetWeights read_schnet(const torch::jit::Module &exported) {
  const auto potential = exported.attr("potential").toModule();
  const auto schnet = potential.attr("representation").toModule();
  const auto embedding = at(schnet, "embedding.weight").toTensor();  // (S, C)
  SchNetWeights weights;
  weights.n_species = static_cast<int>(embedding.size(0));
  weights.channels = static_cast<int>(embedding.size(1));
  weights.n_knots = static_cast<int>(exported.attr("table_bins").toInt()) + 1;
  weights.cutoff = exported.attr("cutoff").toDouble();
  weights.energy_scale = at(potential, "scale").toTensor().item<double>();
  weights.embedding = numbers(embedding);
  const auto tables = schnet.attr("tables").toModule();
  for (const auto &interaction : schnet.attr("interactions").toModule().named_children()) {
    weights.neighbor_scale = interaction.value.attr("scale").toDouble();
    weights.interactions.push_back(
        read_interaction(interaction.value, tables.attr(interaction.name).toModule()));
  }
  weights.head = dense_at(potential, "heads.layers.0");
  weights.head_output = numbers_at(potential, "heads.layers.2.weight");
  weights.isolated_energies = numbers_at(exported, "reference_energies");
  return weights;
}

}  // namespace eippot
