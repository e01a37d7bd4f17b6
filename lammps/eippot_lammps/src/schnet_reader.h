/// Takes the weights of a compressed SchNet out of a TorchScript module.

#ifndef EIPPOT_SCHNET_READER_H
#define EIPPOT_SCHNET_READER_H

#include <torch/script.h>

#include "schnet_weights.h"

namespace eippot {

/// Whether it is one that the engine knows: one SchNet with tables, one head, and nothing beside.
bool is_compressed_schnet(const torch::jit::Module &exported);

SchNetWeights read_schnet(const torch::jit::Module &exported);

}  // namespace eippot

#endif
