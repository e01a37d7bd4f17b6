"""CGCNN: its convolution is the one of the paper, as another library has it."""

from __future__ import annotations

import torch
from torch_geometric.nn import CGConv

from eippot.models.cgcnn import CGCNN, Convolution
from eippot.models.factory import build_representation
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of
from eippot.testing.structures import periodic
from eippot.testing.subject import Precision

CHANNELS = 6
RADIAL = 5


def _same_weights(reference: CGConv) -> Convolution:
    """A convolution whose matrices are cut out of those that act on z = v_i ⊕ v_j ⊕ u."""
    convolution = Convolution(CHANNELS, RADIAL, average_neighbors=1.0)
    weight = torch.cat([reference.lin_f.weight, reference.lin_s.weight])
    center, neighbor, radial = weight.tensor_split([CHANNELS, 2 * CHANNELS], dim=1)
    convolution.load_state_dict(
        {
            "center.weight": center,
            "center.bias": torch.cat([reference.lin_f.bias, reference.lin_s.bias]),
            "neighbor.weight": neighbor,
            "radial.weight": radial,
        }
    )
    return convolution.to(weight.dtype)


def test_the_convolution_is_that_of_torch_geometric(precision: Precision) -> None:
    """With the same weights, no cutoff function, and the sum over neighbors as it is."""
    torch.manual_seed(0)
    batch = batch_of([periodic()], precision.dtype)
    n_edges = batch.edge_index.shape[1]
    v = torch.randn(8, CHANNELS, dtype=precision.dtype)
    radial = torch.rand(n_edges, RADIAL, dtype=precision.dtype)
    reference = CGConv(CHANNELS, RADIAL).to(precision.dtype)
    expected = reference(v, batch.edge_index.flip(0), radial)  # theirs: neighbor, center
    no_cutoff = torch.ones(n_edges, 1, dtype=precision.dtype)
    found = v + _same_weights(reference)(v, v, batch.edge_index, radial, no_cutoff)
    assert (expected - v).abs().max() > 1.0
    size = float(expected.detach().abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=precision.tolerance * size)


def test_features_of_neighbors_are_exchanged_between_convolutions() -> None:
    """Not before the first one; without an exchange, only atoms' own features go on."""
    model = build_representation(ARCHITECTURES["cgcnn"], 2, 10.0).double()
    assert isinstance(model, CGCNN)
    seen: list[torch.Tensor] = []
    model.exchange.register_forward_hook(lambda _, __, features: seen.append(features))
    batch = batch_of([periodic()])
    expected = model(batch.species, batch.edge_index, batch.edge_vectors)
    assert len(seen) == model.n_exchanges == 1
    model.exchange.register_forward_hook(lambda _, __, features: torch.zeros_like(features))
    assert not torch.equal(model(batch.species, batch.edge_index, batch.edge_vectors), expected)
