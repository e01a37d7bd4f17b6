"""Sizes: supercells, fragments, batches, isolated atoms, and no atoms at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from eippot.models.derivatives import edge_gradient, forces_from_edge_gradient
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from tests.crystals import EVERY_KIND, cluster, dimer, isolated_atom, periodic, slab, small_cell
from tests.networks import SPECIES, Precision, batch_of
from tests.physics.evaluation import Result, assert_close, evaluate

Structure = Callable[[], Atoms]


@pytest.mark.parametrize(
    ("structure", "repeats"),
    [(periodic, (2, 1, 1)), (small_cell, (2, 2, 1)), (small_cell, (1, 1, 5)), (slab, (1, 2, 1))],
)
def test_supercell(
    model: Potential, precision: Precision, structure: Structure, repeats: tuple[int, int, int]
) -> None:
    count = int(np.prod(repeats))
    one, many = evaluate(model, structure()), evaluate(model, structure() * repeats)
    expected = Result(
        count * one.energy, np.tile(one.atomic, count), np.tile(one.forces, (count, 1)), one.stress
    )
    assert_close(many, expected, precision.tolerance)


def test_primitive_equals_conventional_cell(model: Potential, precision: Precision) -> None:
    primitive = evaluate(model, bulk("Si", a=5.3))
    conventional = evaluate(model, bulk("Si", a=5.3, cubic=True))
    assert conventional.energy / 8 == pytest.approx(primitive.energy / 2, rel=precision.tolerance)
    size = np.abs(primitive.stress).max()
    np.testing.assert_allclose(
        conventional.stress, primitive.stress, atol=10 * precision.tolerance * size
    )


def test_periodic_directions_matter_one_by_one(model: Potential, precision: Precision) -> None:
    """A wide empty space along an axis is as good as no periodicity along it."""
    open_, wide = slab(), slab()
    wide.cell[2] = [0, 0, 40]
    wide.pbc = True
    one, other = evaluate(model, open_), evaluate(model, wide)
    assert one.energy == pytest.approx(other.energy, rel=precision.tolerance)
    assert abs(one.energy - evaluate(model, periodic()).energy) > 0.1


@pytest.mark.parametrize("symbol", SPECIES)
def test_an_isolated_atom_has_its_reference_energy(
    model: Potential, precision: Precision, symbol: str
) -> None:
    """Up to the rounding of matrix products, which differs between the rows of a matrix."""
    found = evaluate(model, isolated_atom(symbol))
    assert abs(found.energy) < precision.tolerance
    assert found.forces.tolist() == [[0.0, 0.0, 0.0]]


def test_far_fragments_add_up(model: Potential, precision: Precision) -> None:
    other = dimer(2.0)
    together = cluster() + other
    together.positions[5:] += [30.0, 0.0, 0.0]
    one, two, both = (evaluate(model, a) for a in (cluster(), other, together))
    assert both.energy == pytest.approx(one.energy + two.energy, rel=precision.tolerance)
    expected = np.concatenate([one.forces, two.forces])
    size = np.abs(expected).max()
    np.testing.assert_allclose(both.forces, expected, atol=precision.tolerance * size)


def test_dissociation(model: Potential) -> None:
    apart = evaluate(model, dimer(model.representation.cutoff + 0.01))
    assert apart.energy == 0.0


def test_a_batch_equals_single_structures(model: Potential, precision: Precision) -> None:
    structures = [f() for f in EVERY_KIND.values()] + [isolated_atom()]
    batch = batch_of(structures, precision.dtype)
    found = predict(model, batch, with_forces=True, with_stress=True, create_graph=False)
    assert found.forces is not None
    assert found.stress is not None
    singles = [evaluate(model, atoms) for atoms in structures]
    for index, single in enumerate(singles):
        atoms = (batch.structure == index).numpy()
        result = Result(
            float(found.energy[index, 0]),
            single.atomic,
            found.forces[atoms].numpy().astype(float),
            found.stress[index].numpy().astype(float),
        )
        assert_close(result, single, precision.tolerance)


@pytest.mark.parametrize("n_atoms", [0, 1, 3])
def test_no_edges(model: Potential, precision: Precision, n_atoms: int) -> None:
    """Every rank of an engine makes the same calls, also one that owns nothing."""
    species = torch.zeros(n_atoms, dtype=torch.int64)
    edge_index = torch.zeros((2, 0), dtype=torch.int64)
    vectors = torch.zeros((0, 3), dtype=precision.dtype, requires_grad=True)
    energies = model(species, edge_index, vectors)
    assert energies.shape == (n_atoms, 1)
    assert (energies == 0).all()
    gradient = edge_gradient(energies, vectors, create_graph=False)
    assert forces_from_edge_gradient(gradient, edge_index, n_atoms).shape == (n_atoms, 3)
