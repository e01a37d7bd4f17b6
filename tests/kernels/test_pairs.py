"""Sums over pairs: the compiled operators against plain torch, with all their derivatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from eippot.errors import EippotError
from eippot.graphs.neighbors import neighbor_list
from eippot.kernels import pair_library
from eippot.kernels import pairs as operators
from eippot.kernels.pair_library import Pairs, available, half_pairs, instruction_sets
from eippot.kernels.pairs import COEFFICIENTS, Coupling, couple_over_pairs, sum_over_pairs

ATOMS, PAIRS, BINS = 5, 17, 4


@pytest.fixture(autouse=True, scope="module")
def _built(library: Path) -> None:
    assert available(torch.device("cpu"))


def _inputs(channels: int, dtype: torch.dtype) -> tuple[Pairs, Tensor, Tensor]:
    """Pairs, some of an atom and itself, coefficients and features."""
    torch.manual_seed(0)
    first, second = torch.randint(ATOMS, (2, PAIRS), dtype=torch.int32)
    positions = BINS * torch.rand(PAIRS, dtype=dtype)
    coefficients = torch.randn(BINS, COEFFICIENTS, channels, dtype=dtype)
    features = torch.randn(ATOMS, channels, dtype=dtype)
    for tensor in (positions, coefficients, features):
        tensor.requires_grad_()
    return Pairs(first, second, positions), coefficients, features


def _on_torch(coefficients: Tensor, pairs: Pairs, features: Tensor) -> Tensor:
    """The same sums with an array of the size pairs × channels."""
    first, second = pairs.first.long(), pairs.second.long()
    bins = pairs.positions.detach().long().clamp(max=BINS - 1)
    t = (pairs.positions - bins).unsqueeze(1)
    weights = sum(coefficients[bins, k] * t**k for k in range(COEFFICIENTS))
    sums = torch.zeros_like(features).index_add(0, first, weights * features[second])
    return sums.index_add(0, second, weights * features[first])


def _training(
    function: object, coefficients: Tensor, pairs: Pairs, features: Tensor
) -> list[Tensor]:
    """An energy, its forces and the gradient of a loss on both, by everything."""
    energy = function(coefficients, pairs, features).tanh().sum()  # type: ignore[operator]
    (forces,) = torch.autograd.grad(energy, pairs.positions, create_graph=True)
    inputs = (coefficients, pairs.positions, features)
    return [energy, forces, *torch.autograd.grad(energy + forces.square().sum(), inputs)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 16, 37, 64])
def test_training_as_on_plain_torch(
    channels: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    coefficients, features = _inputs(channels, dtype)[1:]
    inputs = (coefficients, _inputs(channels, dtype)[0], features)
    expected = _training(_on_torch, *inputs)
    for instruction_set in range(instruction_sets()):
        monkeypatch.setattr(pair_library, "INSTRUCTION_SET", instruction_set)
        for found, wanted in zip(_training(sum_over_pairs, *inputs), expected, strict=True):
            tolerance = 200 * torch.finfo(dtype).eps * float(wanted.detach().abs().max())
            torch.testing.assert_close(found, wanted, rtol=0, atol=tolerance)


def test_derivatives_are_those_of_finite_differences() -> None:
    pairs, coefficients, features = _inputs(3, torch.float64)

    def sums(coefficients: Tensor, positions: Tensor, features: Tensor) -> Tensor:
        return sum_over_pairs(coefficients, pairs._replace(positions=positions), features)

    inputs = (coefficients, pairs.positions, features)
    assert gradcheck(sums, inputs)
    assert gradgradcheck(sums, inputs)


def _coupling(seed: int = 0) -> Coupling:
    """Random terms of five paths, with harmonics of one degree each."""
    random = torch.Generator().manual_seed(seed)
    terms = [
        (path, int(torch.randint(6, (1,), generator=random)), row, harmonic)
        for path, harmonics in enumerate([range(1), range(1, 4), range(4, 9), range(1, 4), (0,)])
        for row, harmonic in enumerate(harmonics)
    ]
    coefficients = torch.randn(len(terms), generator=random, dtype=torch.float64)
    return Coupling(torch.tensor(terms, dtype=torch.int32), coefficients, 5, 6, 5, 9)


def _coupled_on_torch(
    filters: Tensor, pairs: Pairs, harmonics: Tensor, features: Tensor, coupling: Coupling
) -> Tensor:
    first, second = pairs.first.long(), pairs.second.long()
    bins = pairs.positions.detach().long().clamp(max=BINS - 1)
    t = (pairs.positions - bins).unsqueeze(1)
    powers = torch.stack([t**k for k in range(COEFFICIENTS)], dim=1)  # (P, 6, 1)
    weights = (filters[bins] * powers).sum(dim=1)
    weights = weights.view(len(bins), coupling.n_paths, -1)  # (P, paths, C)
    sums = features.new_zeros(len(features), coupling.n_results, features.shape[2])
    for (path, row, feature, h), k in zip(
        coupling.terms.tolist(), coupling.coefficients, strict=True
    ):
        factors = k.to(features) * weights[:, path] * harmonics[:, h : h + 1]
        back = -factors if 1 <= h <= 3 else factors
        sums[:, row] = sums[:, row].index_add(0, first, factors * features[second, feature])
        sums[:, row] = sums[:, row].index_add(0, second, back * features[first, feature])
    return sums


def _tensors(channels: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor, Pairs]:
    """Filters, positions, harmonics and features of _coupling, and pairs."""
    pairs, _, _ = _inputs(channels, dtype)
    filters = torch.randn(BINS, COEFFICIENTS, 5 * channels, dtype=dtype)
    harmonics = torch.randn(PAIRS, 9, dtype=dtype)
    features = torch.randn(ATOMS, 5, channels, dtype=dtype)
    for tensor in (filters, harmonics, features):
        tensor.requires_grad_()
    return filters, pairs.positions, harmonics, features, pairs


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [3, 32, 37])
def test_tensors_train_as_on_plain_torch(
    channels: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters, positions, harmonics, features, pairs = _tensors(channels, dtype)
    inputs = (filters, positions, harmonics, features)

    def training(function: Any) -> list[Tensor]:
        energy = function(filters, pairs, harmonics, features, _coupling()).tanh().sum()
        slopes = torch.autograd.grad(energy, (positions, harmonics), create_graph=True)
        loss = energy + sum(slope.square().sum() for slope in slopes)
        return [energy, *slopes, *torch.autograd.grad(loss, inputs)]

    expected = training(_coupled_on_torch)
    for instruction_set in range(instruction_sets()):
        monkeypatch.setattr(pair_library, "INSTRUCTION_SET", instruction_set)
        for found, wanted in zip(training(couple_over_pairs), expected, strict=True):
            tolerance = 200 * torch.finfo(dtype).eps * float(wanted.detach().abs().max())
            torch.testing.assert_close(found, wanted, rtol=0, atol=tolerance)


def test_derivatives_of_tensors_are_those_of_finite_differences() -> None:
    *inputs, pairs = _tensors(1, torch.float64)

    def sums(filters: Tensor, positions: Tensor, harmonics: Tensor, features: Tensor) -> Tensor:
        moved = pairs._replace(positions=positions)
        return couple_over_pairs(filters, moved, harmonics, features, _coupling())

    assert gradcheck(sums, inputs)
    assert gradgradcheck(sums, inputs)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    pairs, coefficients, features = _inputs(80, torch.float32)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(_training(sum_over_pairs, coefficients, pairs, features))
    finally:
        torch.set_num_threads(threads)
    for result in results[1:]:
        for found, wanted in zip(result, results[0], strict=True):
            assert torch.equal(found, wanted)


def test_only_what_is_asked_for_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, coefficients, features = _inputs(3, torch.float64)
    called = []
    call = pair_library.call

    def recorded(name: str, *rest: Any) -> None:
        called.append(name)
        call(name, *rest)

    monkeypatch.setattr(operators, "call", recorded)
    energy = sum_over_pairs(2.0 * coefficients, pairs, 2.0 * features).sum()
    torch.autograd.grad(energy, pairs.positions)
    assert called == ["pair_to_a", "pair_harmonics"]


def test_no_pairs() -> None:
    _, coefficients, features = _inputs(3, torch.float64)
    none = torch.zeros(0, dtype=torch.int32)
    pairs = Pairs(none, none, torch.zeros(0, dtype=torch.float64))
    assert torch.equal(sum_over_pairs(coefficients, pairs, features), torch.zeros_like(features))


def test_a_fourth_derivative_is_refused() -> None:
    pairs, coefficients, features = _inputs(3, torch.float64)
    value = sum_over_pairs(coefficients, pairs, features).sum()
    with pytest.raises(EippotError, match="at most 3 derivatives"):
        for _ in range(4):
            (slopes,) = torch.autograd.grad(value, pairs.positions, create_graph=True)
            value = slopes.sum()


@pytest.mark.parametrize(
    "atoms",
    [
        bulk("Si"),  # an atom's neighbors are its own images
        bulk("Si", cubic=True) * (5, 5, 3),  # more atoms than come together
        Atoms("Si3", [[0, 0, 0], [1, 2, 0], [9, 9, 9]]),
    ],
)
def test_half_pairs_stand_for_all_edges(atoms: Atoms) -> None:
    atoms.rattle(0.1, seed=0)
    neighbors = neighbor_list(atoms, 5.5)
    edge_index = torch.from_numpy(neighbors.edge_index)
    vectors = torch.from_numpy(neighbors.edge_vectors)
    chosen = half_pairs(edge_index, vectors, len(atoms), cutoff=5.0, bins=32)

    def rows(edges: Tensor, back: bool) -> list[list[float]]:
        """Center, neighbor and vector of some edges, or of those that lead back."""
        index, vector = edge_index[:, edges], vectors[edges]
        ends, there = (index.flip(0), -vector) if back else (index, vector)
        return (torch.cat([ends.T, there.mul(1e6).round()], dim=1) + 0.0).tolist()

    within = torch.nonzero(vectors.norm(dim=1) < 5.0)[:, 0]
    assert sorted(rows(chosen, False) + rows(chosen, True)) == sorted(rows(within, False))
