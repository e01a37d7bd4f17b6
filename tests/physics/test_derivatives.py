"""Forces and stress are derivatives of the energy; the energy is smooth, also at the cutoff."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms

from eippot.models.potential import Potential
from tests.crystals import EVERY_KIND, dimer, left_handed, one_atom_cell, periodic, small_cell
from tests.physics.evaluation import energy, evaluate, rotated

Structure = Callable[[], Atoms]

STEP = 1e-4


def _close(found: np.ndarray, expected: np.ndarray) -> None:
    """Agreement to 1e-6 of the largest component."""
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max() + 1e-10


@pytest.mark.parametrize("structure", EVERY_KIND.values(), ids=EVERY_KIND)
def test_forces_are_finite_differences(exact_model: Potential, structure: Structure) -> None:
    atoms = structure()
    numerical = np.zeros((len(atoms), 3))
    for i, axis in np.ndindex(len(atoms), 3):
        ends = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[i, axis] += sign * STEP
            ends.append(energy(exact_model, moved))
        numerical[i, axis] = -(ends[0] - ends[1]) / (2 * STEP)
    _close(evaluate(exact_model, atoms).forces, numerical)


@pytest.mark.parametrize("structure", [periodic, small_cell, one_atom_cell, left_handed])
def test_stress_is_finite_differences(exact_model: Potential, structure: Structure) -> None:
    """σ = dE/dε/V, strain ε symmetric, cell and positions strained alike."""
    atoms = structure()
    numerical = np.zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        strain = np.zeros((3, 3))
        strain[i, j] += 0.5 * STEP
        strain[j, i] += 0.5 * STEP
        ends = [energy(exact_model, rotated(atoms, np.eye(3) + s * strain)) for s in (1, -1)]
        numerical[i, j] = (ends[0] - ends[1]) / (2 * STEP) / atoms.get_volume()
    _close(evaluate(exact_model, atoms).stress, numerical)


def test_an_edge_ends_smoothly_at_the_cutoff(exact_model: Potential) -> None:
    """At δ within the cutoff energies fall as δ³ and forces as δ²: both have a continuous slope."""
    cutoff = exact_model.representation.cutoff
    sizes = []
    for distance in (0.02, 0.01, 0.005):
        found = evaluate(exact_model, dimer(cutoff - distance))
        sizes.append(np.abs(found.atomic).max())
        assert np.abs(found.forces).max() * distance < 10 * sizes[-1]
    assert sizes[-1] > 1e-10
    assert np.log2(sizes[0] / sizes[1]) > 2.9
    assert np.log2(sizes[1] / sizes[2]) > 2.9
    beyond = evaluate(exact_model, dimer(cutoff + 1e-6))
    assert beyond.energy == 0.0
    assert not beyond.forces.any()


def _trimer(model: Potential, offset: float) -> Atoms:
    """An atom that is ``offset`` beyond the cutoff of the first and within that of the second."""
    x = model.representation.cutoff + offset
    return Atoms("SiCSi", positions=[[0, 0, 0], [1.9, 0.6, 0], [x, 0, 0]])


def test_energy_force_and_slope_are_continuous_among_other_atoms(exact_model: Potential) -> None:
    def force(offset: float) -> float:
        return float(evaluate(exact_model, _trimer(exact_model, offset)).forces[2, 0])

    def slope(offset: float) -> float:
        return (force(offset + 1e-5) - force(offset - 1e-5)) / 2e-5

    size = abs(slope(0.0)) + abs(force(0.0))
    assert size > 0.01
    for d in (1e-2, 1e-3):
        assert abs(slope(d) - slope(-d)) < 50 * d * size
        assert abs(force(d) - force(-d)) < 10 * d * size
    inside, outside = (energy(exact_model, _trimer(exact_model, s * 1e-7)) for s in (-1, 1))
    assert inside == pytest.approx(outside, abs=1e-5 * size)


def test_atoms_in_one_place_give_finite_forces(exact_model: Potential) -> None:
    assert np.isfinite(evaluate(exact_model, dimer(0.0)).forces).all()
