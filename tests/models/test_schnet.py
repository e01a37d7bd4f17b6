"""SchNet: its interaction block is the one of the paper, as another library has it."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch_geometric.nn.models.schnet import InteractionBlock

from eippot.models.blocks.radial import GaussianBasis, edge_lengths
from eippot.models.schnet import Filter, Interaction
from eippot.testing.results import batch_of
from eippot.testing.structures import CUTOFF, periodic
from eippot.testing.subject import Precision

CHANNELS = 6
RADIAL = 5


#: where the paper's layers are: here, and in torch_geometric.
LAYERS = {
    "0.layers.0": "mlp.0",
    "0.layers.2": "mlp.2",
    "1.project": "conv.lin1",
    "1.update.0": "conv.lin2",
    "1.update.2": "lin",
}


def _same_weights(reference: InteractionBlock) -> nn.Sequential:
    """A filter and an interaction."""
    block = nn.Sequential(
        Filter(CHANNELS, RADIAL), Interaction(CHANNELS, average_neighbors=1.0, first=False)
    )
    for ours, theirs in LAYERS.items():
        weights = reference.get_submodule(theirs).state_dict()
        block.get_submodule(ours).load_state_dict(weights)
    return block


def test_the_interaction_is_that_of_torch_geometric(precision: Precision) -> None:
    """With the same weights, their cosine cutoff, and the sum over neighbors as it is."""
    torch.manual_seed(0)
    batch = batch_of([periodic()], precision.dtype)
    reference = InteractionBlock(CHANNELS, RADIAL, CHANNELS, CUTOFF)
    reference.act.shift = reference.mlp[1].shift = math.log(2.0)  # theirs has seven digits
    for weight in reference.parameters():  # biases are zero at first: one could be forgotten
        torch.nn.init.normal_(weight)
    weights, interaction = _same_weights(reference).to(precision.dtype)
    reference = reference.to(precision.dtype)
    x = torch.randn(8, CHANNELS, dtype=precision.dtype)
    distances = edge_lengths(batch.edge_vectors)
    radial = GaussianBasis(RADIAL, CUTOFF).to(precision.dtype)(distances)
    cosine = 0.5 * (torch.cos(math.pi * distances / CUTOFF) + 1.0).unsqueeze(1)
    expected = reference(x, batch.edge_index.flip(0), distances, radial)  # neighbor, center
    found = interaction(x, batch.edge_index, weights(radial, cosine))
    assert expected.std(dim=0).min() > 0.1
    size = float(expected.detach().abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=precision.tolerance * size)
