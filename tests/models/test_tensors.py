"""Spherical tensors are those of e3nn: harmonics, products, normalization."""

from __future__ import annotations

import pytest
import torch
from e3nn import o3
from torch import Tensor, nn

from eippot.models.blocks.tensors import (
    Constants,
    SphericalHarmonics,
    TensorProduct,
    spherical_irreps,
)
from eippot.testing.subject import Precision

NATURAL = "0e + 1o + 2e"
BOTH = "0e + 1o + 2e + 0o + 1e + 2o"


def _irreps(text: str) -> list[o3.Irrep]:
    return [ir for _, ir in o3.Irreps(text)]


def _directions(count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    vectors = torch.randn((count, 3), generator=generator, dtype=torch.float64)
    return nn.functional.normalize(vectors, dim=1).to(dtype)


@pytest.mark.parametrize("l_max", [1, 2, 3, 4])
def test_harmonics_are_those_of_e3nn(l_max: int, precision: Precision) -> None:
    vectors = 1.5 * _directions(20, precision.dtype)
    expected = o3.spherical_harmonics(list(range(l_max + 1)), vectors, False, "component")
    found = SphericalHarmonics(l_max).to(precision.dtype)(vectors)
    size = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=precision.tolerance * size)


@pytest.mark.parametrize(
    ("before", "l_max", "after"),
    [
        ("0e", 3, "0e + 1o + 2e + 3o"),
        (NATURAL, 2, NATURAL),
        (NATURAL, 2, "0e"),
        (BOTH, 2, BOTH),
        (NATURAL, 3, "1e + 2o"),
    ],
)
@pytest.mark.usefixtures("exact_e3nn")
def test_products_are_those_of_e3nn(before: str, l_max: int, after: str) -> None:
    """Channel by channel ("uvu"), weights of every edge, component normalization."""
    torch.manual_seed(2)
    n_edges, channels = 7, 3
    irreps, harmonics, out = _irreps(before), spherical_irreps(l_max), _irreps(after)
    ours = TensorProduct(irreps, l_max, out).to(torch.float64)
    paths = [
        (one, two, wanted)
        for wanted in out
        for one, a in enumerate(irreps)
        for two, b in enumerate(harmonics)
        if wanted in a * b
    ]
    theirs = o3.TensorProduct(
        o3.Irreps([(channels, ir) for ir in irreps]),
        o3.Irreps([(1, ir) for ir in harmonics]),
        o3.Irreps([(channels, wanted) for _, _, wanted in paths]),
        [(one, two, slot, "uvu", True) for slot, (one, two, _) in enumerate(paths)],
        shared_weights=False,
        internal_weights=False,
    )
    assert ours.n_paths == len(paths)
    features = torch.randn((n_edges, sum(ir.dim for ir in irreps), channels))
    y = SphericalHarmonics(l_max).to(torch.float64)(_directions(n_edges))
    weights = torch.randn((n_edges, len(paths), channels))
    flat = [
        part.mT.flatten(1) for part in features.split_with_sizes([ir.dim for ir in irreps], dim=1)
    ]
    expected = theirs(torch.cat(flat, dim=1), y, weights.flatten(1))
    found = [
        product.unflatten(2, (-1, channels)).permute(0, 2, 3, 1).flatten(1)
        for product in ours(features, y, weights)
    ]
    torch.testing.assert_close(torch.cat(found, dim=1), expected, rtol=0, atol=1e-11)


def test_the_paths_of_degree_two() -> None:
    """All (l₁, l₂, l₃) up to 2 in a triangle and with an even sum: 3 to scalars, 4, 4."""
    assert TensorProduct(_irreps(NATURAL), 2, _irreps(NATURAL)).counts == [3, 4, 4]


def test_products_keep_the_size_of_features() -> None:
    """Features of unit variance give, over all directions, products of unit variance."""
    torch.manual_seed(3)
    product = TensorProduct(_irreps(BOTH), 2, _irreps(BOTH))
    y = SphericalHarmonics(2)(_directions(20_000, torch.float32))
    weights = torch.ones((len(y), product.n_paths, 1))
    for found in product(torch.randn((len(y), 18, 1)), y, weights):
        torch.testing.assert_close(
            found.square().mean(dim=(0, 1)), torch.ones(found.shape[2]), rtol=0, atol=0.1
        )


def test_constants_survive_a_change_of_number_format() -> None:
    values = torch.randn((5, 7), dtype=torch.float64)
    constants = Constants(values)
    torch.testing.assert_close(constants(), values.float(), rtol=1e-7, atol=0)
    again = constants.double().float().double()
    torch.testing.assert_close(again(), values, rtol=1e-14, atol=0)
    assert not constants.state_dict()
