"""GemNet: the sums of the paper, smoothness, and what its two forms can tell apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from scipy.special import eval_legendre, factorial, factorial2, lpmv

from eippot.config.base import validate_config
from eippot.config.model import GemNetConfig
from eippot.errors import ConfigError
from eippot.models.blocks.paths import Paths, Quadruplets, Triplets
from eippot.models.gemnet import Interaction
from eippot.models.prediction import predict
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of, evaluate
from eippot.testing.structures import cluster, one_atom_cell, small_cell
from tests.models.edges import SHORT, Edges
from tests.networks import potential

Structure = Callable[[], Atoms]

forms = pytest.mark.parametrize("form", ["gemnet", "gemnet_q"])
some_structures = pytest.mark.parametrize("structure", [cluster, small_cell, one_atom_cell])

RADIAL, DEGREES, BASIS, CHANNELS = 3, 3, 4, 5  # sizes of Paths and of messages


def _messages(
    kind: Triplets | Quadruplets, edges: Edges
) -> tuple[Interaction, Paths, torch.Tensor]:
    update = {"radial_functions": RADIAL, "basis_channels": BASIS}
    config = ARCHITECTURES["gemnet"].model_copy(update=update)
    assert isinstance(config, GemNetConfig)
    interaction = Interaction(config, CHANNELS, 1.0, isinstance(kind, Quadruplets)).double()
    paths = kind.double()(edges.index, edges.vectors, edges.lengths, edges.n_atoms)
    return interaction, paths, torch.randn(len(edges.vectors), config.channels).double()


def _finish(interaction: Interaction, sums: torch.Tensor, edges: Edges) -> torch.Tensor:
    """What both directions of each edge learn from the bilinear sums ``(E, I, d)``."""
    x = interaction.sum.weight(sums.flatten(1))
    up, up_reverse = interaction.up(x), interaction.up_reverse(x)
    found = torch.zeros_like(up)
    for e in edges.short:
        found[e] = (up[e] + up_reverse[edges.reverse(e)]) / np.sqrt(2)
    return found


def _start(
    interaction: Interaction, kind: Triplets | Quadruplets, m: torch.Tensor, edges: Edges
) -> torch.Tensor:
    """Messages ``(E, d)`` as they set out."""
    radial = kind.basis(edges.lengths)[:, 0]
    found: torch.Tensor = interaction.down(interaction.message(m) * interaction.radial(radial))
    return found


@some_structures
def test_triplets_sum_as_in_the_paper(structure: Structure) -> None:
    """One bilinear product per triplet b→a←c, without any rearrangement."""
    torch.manual_seed(0)
    edges, triplets = Edges(structure()), Triplets(SHORT, RADIAL, DEGREES, BASIS)
    interaction, paths, m = _messages(triplets, edges)
    x, radial = _start(interaction, triplets, m, edges), triplets.basis(edges.lengths)
    sums = torch.zeros(len(m), BASIS, CHANNELS).double()
    for e, f in edges.triplets():
        cosine = _cosine(edges.vectors[e], edges.vectors[f])
        angular = [np.sqrt(2 * k + 1) * eval_legendre(k, cosine) for k in range(DEGREES)]
        basis = torch.einsum("ln,lni,l->i", radial[e], triplets.outer.weight, _row(angular))
        sums[e] += torch.outer(basis, x[f])
    expected = _finish(interaction, sums, edges)
    torch.testing.assert_close(interaction(m, paths), expected, rtol=0, atol=1e-10)


@some_structures
def test_quadruplets_sum_as_in_the_paper(structure: Structure) -> None:
    """One bilinear product per quadruplet d→b→a←c, with its angles and its dihedral."""
    torch.manual_seed(0)
    edges, quadruplets = Edges(structure()), Quadruplets(SHORT, RADIAL, DEGREES, BASIS)
    interaction, paths, m = _messages(quadruplets, edges)
    x, radial = _start(interaction, quadruplets, m, edges), quadruplets.basis(edges.lengths)
    outer = radial[:, quadruplets.dihedral.degree]
    assert interaction.inner is not None
    sums = torch.zeros(len(m), BASIS, CHANNELS).double()
    for e, f, g in edges.quadruplets():
        c, b, d = edges.vectors[[e, f, g]]
        legendre = [np.sqrt(2 * k + 1) * eval_legendre(k, _cosine(-b, d)) for k in range(DEGREES)]
        inner = torch.einsum("ln,lni,l->i", radial[f], quadruplets.inner.weight, _row(legendre))
        angular = _row(_spherical_harmonics(c.numpy(), b.numpy(), d.numpy()))
        basis = torch.einsum("mn,mni,m->i", outer[e], quadruplets.outer.weight, angular)
        sums[e] += torch.outer(basis, x[g] * interaction.inner(inner))
    expected = _finish(interaction, sums, edges)
    torch.testing.assert_close(interaction(m, paths), expected, rtol=0, atol=1e-10)


def _row(values: list[float]) -> torch.Tensor:
    return torch.tensor(values).double()


def _cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(one @ other / (one.norm() * other.norm()))


def _spherical_harmonics(c: np.ndarray, b: np.ndarray, d: np.ndarray) -> list[float]:
    """Of the vectors a→c, a→b and b→d, by angles (the dihedral of atoms in line is any)."""
    c, b, d = (v / np.linalg.norm(v) for v in (c, b, d))
    p, q = c - (c @ b) * b, d - (d @ b) * b
    theta = np.arctan2(np.cross(p, q) @ b, p @ q)
    values = []
    for m in range(DEGREES):
        for k in range(m, DEGREES):
            norm = (2 * k + 1) * factorial(k - m) / factorial(k + m) * (2 if m else 1)
            norm *= factorial2(2 * m + 1) / max(factorial2(2 * m), 1)
            polar = (-1) ** m * lpmv(m, k, np.clip(c @ b, -1, 1)) * np.linalg.norm(q) ** m
            values.append(np.sqrt(norm) * polar * np.cos(m * theta))
    return values


def test_only_quadruplets_see_dihedrals() -> None:
    """A chain of four atoms whose ends do not meet: all distances and angles alike, cis or trans.

    This is what sets GemNet-Q apart.
    """
    update = {"cutoff": 3.1, "triplet_cutoff": 3.1, "quadruplet_cutoff": 3.1, "blocks": 2}
    change = {}
    for form in ("gemnet", "gemnet_q"):
        model = potential(ARCHITECTURES[form].model_copy(update=update))
        cis, gauche, trans = (evaluate(model, _chain(angle)).energy for angle in (0.0, 80.0, 180.0))
        change[form] = (abs(cis - trans), abs(cis - gauche))
    assert max(change["gemnet"]) < 1e-9
    assert min(change["gemnet_q"]) > 1e-3


def _chain(dihedral: float) -> Atoms:
    atoms = Atoms("Si4", positions=[[-0.95, 1.6, 0], [0, 0, 0], [1.9, 0, 0], [2.85, 1.6, 0]])
    atoms.set_dihedral(0, 1, 2, 3, dihedral)
    return atoms


@forms
@pytest.mark.parametrize(
    "structure",
    [
        Atoms("Si4", positions=[[1.9 * i, 0, 0] for i in range(4)]),
        Atoms("Si4", positions=[[0, 0, 0], [1.9, 0, 0], [3.8, 0, 0], [3.8, 1.9, 0]]),
        Atoms("SiC2", positions=[[0, 0, 0], [0, 0, 0], [1.9, 0, 0]]),
        bulk("Al", cubic=True),
    ],
    ids=["line", "corner", "one place", "fcc"],
)
def test_training_on_forces_of_atoms_in_line(form: str, structure: Atoms) -> None:
    """Second derivatives are finite where angles and dihedrals are not defined."""
    structure.symbols = ["Si", "C", "C", "Si"][: len(structure)]
    model = potential(ARCHITECTURES[form])
    found = predict(
        model, batch_of([structure]), with_forces=True, with_stress=False, create_graph=True
    )
    assert found.forces is not None
    loss = found.energy.sum() + found.forces.square().sum()
    gradients = torch.autograd.grad(loss, list(model.parameters()), materialize_grads=True)
    assert sum(float(gradient.abs().sum() > 0) for gradient in gradients) > 10
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize(
    ("form", "cutoff"), [("gemnet", "triplet_cutoff"), ("gemnet_q", "quadruplet_cutoff")]
)
def test_the_shorter_cutoffs_are_smooth(form: str, cutoff: str) -> None:
    """Energy, force and slope of the force on an atom that crosses a cutoff are continuous."""
    model = potential(ARCHITECTURES[form].model_copy(update={cutoff: 3.0}))

    def force(offset: float) -> float:
        positions = [[0, 0, 0], [1.9, 0.6, 0], [-0.7, 1.8, 0.4], [3.0 + offset, 0, 0]]
        return float(evaluate(model, Atoms("SiCSiSi", positions=positions)).forces[3, 0])

    def slope(offset: float) -> float:
        return (force(offset + 1e-5) - force(offset - 1e-5)) / 2e-5

    size = max(abs(f(d)) for f in (force, slope) for d in (-1e-2, 1e-2))
    assert size > 0.01
    for d in (1e-2, 1e-3, 1e-4):
        assert abs(slope(d) - slope(-d)) < 50 * d * size
        assert abs(force(d) - force(-d)) < 10 * d * size


@pytest.mark.parametrize("quadruplets", [False, True])
def test_memory(quadruplets: bool) -> None:
    """What training on forces keeps of 4 cells of 200 atoms of aluminium is far below 8 GB.

    It is proportional to the number of atoms; benchmarks/gemnet_memory.py measures all of it.
    """
    config = GemNetConfig(quadruplets=quadruplets)
    atoms = bulk("Al", cubic=True) * 2
    atoms.rattle(0.1, seed=0)
    atoms.symbols = "Si32"
    kept: dict[int, int] = {}

    def count(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    model = potential(config, torch.float32)
    batch = batch_of([atoms], torch.float32, config.cutoff)
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        found = predict(model, batch, with_forces=True, with_stress=False, create_graph=True)
    assert found.forces is not None
    assert 1e7 < sum(kept.values()) * (4 * 200 / len(atoms)) < 4e9


@pytest.mark.parametrize("name", ["triplet_cutoff", "quadruplet_cutoff"])
def test_no_cutoff_is_longer_than_that_of_edges(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}.*at most"):
        validate_config(GemNetConfig, {"cutoff": 4.5, name: 4.6, "quadruplets": True}, "here")
    validate_config(GemNetConfig, {"cutoff": 4.5, name: 4.5, "quadruplets": True}, "here")
