"""Building blocks: the functions they claim to be."""

from __future__ import annotations

import math

import torch

from eippot.models.base import sum_over_neighbors
from eippot.models.blocks.radial import (
    GaussianBasis,
    PolynomialCutoff,
    ShiftedSoftplus,
    edge_lengths,
)
from eippot.models.exchange import GhostExchange
from eippot.models.heads import ClassHead, EnergyHeads
from eippot.testing.subject import Precision


def test_cutoff_function(precision: Precision) -> None:
    """Its value and two derivatives vanish at the cutoff; it is one at zero."""
    cutoff = PolynomialCutoff(5.0)
    r = torch.tensor([0.0, 2.5, 5.0, 6.0], dtype=precision.dtype, requires_grad=True)
    u = cutoff(r)
    x = 0.5
    expected = 1 - 28 * x**6 + 48 * x**7 - 21 * x**8
    torch.testing.assert_close(u, torch.tensor([1, expected, 0, 0], dtype=precision.dtype))
    (first,) = torch.autograd.grad(u.sum(), r, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), r)
    assert first[[0, 2, 3]].abs().max() < 100 * precision.tolerance
    assert second[[0, 2, 3]].abs().max() < 100 * precision.tolerance


def test_cutoff_function_falls() -> None:
    u = PolynomialCutoff(5.0)(torch.linspace(0, 5, 200, dtype=torch.float64))
    assert (u.diff() <= 1e-15).all()


def test_gaussians_peak_at_their_centers() -> None:
    basis = GaussianBasis(6, 5.0)
    values = basis(torch.arange(6.0))
    torch.testing.assert_close(values.diagonal(), torch.ones(6))
    torch.testing.assert_close(values[0, 1], torch.tensor(math.exp(-0.5)))


def test_shifted_softplus() -> None:
    x = torch.tensor([-2.0, 0.0, 3.0])
    expected = torch.log(0.5 * torch.exp(x) + 0.5)
    torch.testing.assert_close(ShiftedSoftplus()(x), expected)


def test_edge_lengths() -> None:
    assert edge_lengths(torch.tensor([[3.0, 0, 4], [0, 0, 0]])).tolist() == [5.0, 0.0]


def test_sum_over_neighbors() -> None:
    messages = torch.tensor([[1.0, 2], [3, 4], [5, 6]])
    found = sum_over_neighbors(messages, torch.tensor([2, 0, 2]), 4)
    assert found.tolist() == [[3, 4], [0, 0], [6, 8], [0, 0]]


def test_the_exchange_is_the_identity_here() -> None:
    features = torch.rand(3, 2)
    assert torch.equal(GhostExchange()(features), features)


def test_energy_heads_are_per_atom() -> None:
    heads = EnergyHeads(8, 3)
    features = torch.rand(4, 8)
    found = heads(features)
    assert found.shape == (4, 3)
    torch.testing.assert_close(heads(features[2:3]), found[2:3])


def test_classes_are_a_mean_over_atoms() -> None:
    """Neither the order of atoms nor a repetition of the cell changes the class."""
    head = ClassHead(8, 3)
    features = torch.rand(4, 8)
    structure = torch.tensor([0, 0, 1, 1])
    found = head(features, structure, 2)
    assert found.shape == (2, 3)
    torch.testing.assert_close(head(features[[1, 0, 3, 2]], structure, 2), found)
    torch.testing.assert_close(head(features.repeat(3, 1), structure.repeat(3), 2), found)
    torch.testing.assert_close(head(features[2:], structure[:2], 1), found[1:])
