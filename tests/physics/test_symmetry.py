"""Symmetries: what a potential must not notice, and how forces and stress turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from eippot.models.potential import Potential
from tests.crystals import EVERY_KIND, cluster, periodic, slab, small_cell
from tests.networks import Precision
from tests.physics.evaluation import Result, assert_close, evaluate, rotated

Structure = Callable[[], Atoms]
every_structure = pytest.mark.parametrize("structure", EVERY_KIND.values(), ids=EVERY_KIND)

ROTATION = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
MIRROR = np.diag([1.0, -1.0, 1.0])


@every_structure
def test_forces_are_worth_testing(exact_model: Potential, structure: Structure) -> None:
    """The model is lively: everything below would fail if the symmetry were broken."""
    found = evaluate(exact_model, structure())
    if len(structure()) > 1:
        assert np.abs(found.forces).max() > 0.1
    assert np.ptp(found.atomic) > 0.01 or len(structure()) == 1


@every_structure
@pytest.mark.parametrize(
    "rotation",
    [ROTATION, -np.eye(3), MIRROR, ROTATION @ MIRROR],
    ids=["rotation", "inversion", "mirror", "improper rotation"],
)
def test_equivariance(
    model: Potential, precision: Precision, structure: Structure, rotation: np.ndarray
) -> None:
    before = evaluate(model, structure())
    after = evaluate(model, rotated(structure(), rotation))
    expected = Result(
        before.energy,
        before.atomic,
        before.forces @ rotation,
        rotation.T @ before.stress @ rotation,
    )
    assert_close(after, expected, precision.tolerance)


@every_structure
def test_translation(model: Potential, precision: Precision, structure: Structure) -> None:
    moved = structure()
    moved.positions += [1.7, -0.9, 5.3]
    assert_close(evaluate(model, moved), evaluate(model, structure()), precision.tolerance)


@every_structure
def test_no_net_force(model: Potential, precision: Precision, structure: Structure) -> None:
    forces = evaluate(model, structure()).forces
    assert np.abs(forces.sum(axis=0)).max() < precision.tolerance * (1.0 + np.abs(forces).max())


@pytest.mark.parametrize("structure", [periodic, slab, small_cell])
def test_lattice_translations_of_single_atoms(
    model: Potential, precision: Precision, structure: Structure
) -> None:
    moved = structure()
    moved.positions[0] += moved.cell[0]
    moved.positions[-1] -= 2 * moved.cell[1]
    assert_close(evaluate(model, moved), evaluate(model, structure()), precision.tolerance)


@pytest.mark.parametrize("structure", [periodic, cluster])
def test_permutation(model: Potential, precision: Precision, structure: Structure) -> None:
    order = np.random.default_rng(0).permutation(len(structure()))
    before, after = evaluate(model, structure()), evaluate(model, structure()[order])
    expected = Result(before.energy, before.atomic[order], before.forces[order], before.stress)
    assert_close(after, expected, precision.tolerance)


def test_the_choice_of_lattice_vectors(model: Potential, precision: Precision) -> None:
    """The same crystal by other vectors: swapped (left-handed), and sheared by a lattice vector."""
    atoms = small_cell()
    before = evaluate(model, atoms)
    swapped, sheared = small_cell(), small_cell()
    swapped.set_cell(atoms.cell.array[[1, 0, 2]])
    sheared.set_cell(atoms.cell.array + np.array([atoms.cell[1], [0, 0, 0], -atoms.cell[0]]))
    assert np.linalg.det(swapped.cell.array) * np.linalg.det(atoms.cell.array) < 0
    for other in (swapped, sheared):
        assert_close(evaluate(model, other), before, precision.tolerance)


def test_species_matter(exact_model: Potential) -> None:
    atoms = cluster()
    atoms.symbols = "C5"
    assert abs(evaluate(exact_model, atoms).energy - evaluate(exact_model, cluster()).energy) > 0.01
