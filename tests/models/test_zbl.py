"""The repulsion of nuclei: the published function inside, smooth everywhere, nothing at bonds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, chemical_symbols, covalent_radii, reference_states
from torch import Tensor

from eippot.models.blocks.zbl import INNER, OUTER, SOFT, ZBL
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of, evaluate
from eippot.testing.structures import SPECIES, dimer
from tests.networks import potential

CORE = ARCHITECTURES["schnet_zbl"]
PAIRS = [("C", "C"), ("C", "Si"), ("Si", "Si")]
every_pair = pytest.mark.parametrize("pair", PAIRS, ids="-".join)


def _pair_energy(pair: tuple[str, str], distance: Tensor) -> Tensor:
    """Energies of dimers ``(k,)``: of one center each, twice."""
    k = len(distance)
    core = ZBL(SPECIES, 4.0)
    species = torch.tensor([SPECIES.index(symbol) for symbol in pair])
    index = torch.arange(2 * k).reshape(2, k)
    vectors = distance[:, None] * torch.tensor([[0.6, 0.0, -0.8]], dtype=torch.float64)
    edge_index = torch.cat([index, index.flip(0)], dim=1)
    energies = core(species.repeat_interleave(k), edge_index, torch.cat([vectors, -vectors]))
    assert energies.shape == (2 * k, 1)
    total: Tensor = energies.reshape(2, k).sum(dim=0)
    return total


def _published(pair: tuple[str, str], r: float) -> float:
    """ZBL in the form of the book: atomic units, screened Coulomb."""
    z1, z2 = (atomic_numbers[symbol] for symbol in pair)
    x = r / (0.8854 * 0.529177 / (z1**0.23 + z2**0.23))
    terms = [(0.18175, 3.1998), (0.50986, 0.94229), (0.28022, 0.4029), (0.02817, 0.20162)]
    screening = sum(c * math.exp(-d * x) for c, d in terms)
    return float(27.211386 * 0.529177 * z1 * z2 / r * screening)


def _radius(pair: tuple[str, str]) -> float:
    return float(sum(covalent_radii[atomic_numbers[symbol]] for symbol in pair))


@every_pair
def test_it_is_the_published_function_at_short_distances(pair: tuple[str, str]) -> None:
    """To the five digits of the screening length."""
    inner = INNER * _radius(pair)
    r = torch.linspace(SOFT, inner, 20, dtype=torch.float64)
    expected = torch.tensor([_published(pair, float(x)) for x in r], dtype=torch.float64)
    torch.testing.assert_close(_pair_energy(pair, r), expected, rtol=2e-4, atol=0)


@every_pair
def test_it_falls_to_zero(pair: tuple[str, str]) -> None:
    r = torch.linspace(0.0, 4.0, 2000, dtype=torch.float64)
    found = _pair_energy(pair, r)
    assert (found.diff()[r[1:] < OUTER * _radius(pair)] < 0).all()
    assert (found[r >= OUTER * _radius(pair)] == 0).all()
    assert found.isfinite().all()


@every_pair
def test_two_derivatives_are_continuous(pair: tuple[str, str]) -> None:
    """Also where it begins and ends to fade, and where nuclei become soft."""
    knots = torch.tensor([SOFT, INNER * _radius(pair), OUTER * _radius(pair)], dtype=torch.float64)
    sides = []
    for offset in (-1e-7, 1e-7):
        r = (knots + offset).requires_grad_()
        (slope,) = torch.autograd.grad(_pair_energy(pair, r).sum(), r, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.sum(), r)
        sides.append(torch.stack([slope.detach(), curvature]))
    below, above = sides
    size = torch.stack([below.abs(), torch.ones_like(below)]).amax(dim=0)
    assert ((above - below).abs() / size).max() < 1e-4


def test_it_ends_at_a_shorter_cutoff() -> None:
    core = ZBL(["Cs"], 3.0)
    edges = torch.tensor([[0, 1], [1, 0]])
    found = [
        core(torch.tensor([0, 0]), edges, torch.tensor([[r, 0, 0], [-r, 0, 0]]).double())
        for r in (2.9, 3.0)
    ]
    assert found[0].min() > 0.0
    assert not found[1].any()


def test_crystals_of_the_elements_feel_little() -> None:
    """At the bond length in ASE's tables of structures, in eV per bond."""
    shortest = {"fcc": 0.5**0.5, "bcc": 0.75**0.5, "diamond": 0.75**0.5 / 2}
    tested = 0
    for number, state in enumerate(reference_states[:93]):
        if not state or state.get("symmetry") not in shortest:
            continue
        r = shortest[state["symmetry"]] * state["a"]
        core = ZBL([chemical_symbols[number]], 6.0)
        vectors = torch.tensor([[r, 0.0, 0.0]], dtype=torch.float64)
        half = core(torch.tensor([0, 0]), torch.tensor([[0], [1]]), vectors).sum()
        assert 2 * half < 0.03, chemical_symbols[number]
        tested += 1
    assert tested > 30


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_head_has_the_same_core(dtype: torch.dtype) -> None:
    model = potential(CORE, dtype, heads=3, scale=0.0)
    batch = batch_of([dimer(0.9)], dtype)
    found = model(batch.species, batch.edge_index, batch.edge_vectors)
    assert found.shape == (2, 3)
    assert found[0, 0] > 1.0
    assert (found == found[0, 0]).all()
    assert found.dtype == dtype


def _knocked(distance: float) -> Atoms:
    """Silicon with one atom pushed along a bond, up to a distance from its neighbor."""
    atoms = bulk("Si", cubic=True)
    bond = atoms.get_distance(0, 1, mic=True, vector=True)
    atoms.positions[0] += bond * (1.0 - distance / np.linalg.norm(bond))
    return atoms


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("structure", [dimer, _knocked])
def test_collisions_cost_energy(structure: Callable[[float], Atoms], seed: int) -> None:
    """Down to 0.2 Å, more with every step; with the network alone they do not."""
    distances = np.linspace(1.0, 0.2, 17)
    energies = {}
    for name in ("schnet", "schnet_zbl"):
        model = potential(ARCHITECTURES[name], seed=seed, scale=0.1)
        energies[name] = [evaluate(model, structure(r)).energy for r in distances]
    assert (np.diff(energies["schnet_zbl"]) > 0).all()
    assert energies["schnet_zbl"][-1] > 1000.0 > abs(energies["schnet"][-1])
