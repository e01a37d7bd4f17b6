"""The ASE calculator: consistent results, for any structure, with and without a skin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from ase.stress import full_3x3_to_voigt_6_stress

from eippot import EippotCalculator
from eippot.errors import DataError, ModelError
from eippot.graphs.neighbors import NeighborList, neighbor_list
from eippot.testing.results import evaluate
from eippot.testing.structures import (
    EVERY_KIND,
    REFERENCE_ENERGIES,
    cluster,
    isolated_atom,
    one_atom_cell,
    periodic,
    slab,
)
from tests.networks import potential

Structure = Callable[[], Atoms]


@pytest.fixture(scope="module")
def calculator(exported: Path) -> EippotCalculator:
    return EippotCalculator(exported)


@pytest.mark.parametrize("structure", EVERY_KIND.values(), ids=EVERY_KIND)
def test_equals_the_potential(calculator: EippotCalculator, structure: Structure) -> None:
    atoms = structure()
    atoms.calc = calculator
    expected = evaluate(potential(), atoms)
    zero = sum(REFERENCE_ENERGIES[s] for s in atoms.get_chemical_symbols())
    assert atoms.get_potential_energy() == pytest.approx(zero + expected.energy, abs=1e-9)
    np.testing.assert_allclose(atoms.get_forces(), expected.forces, atol=1e-9)
    if atoms.pbc.all():
        voigt = full_3x3_to_voigt_6_stress(expected.stress)
        np.testing.assert_allclose(atoms.get_stress(), voigt, atol=1e-10)


@pytest.mark.parametrize("structure", EVERY_KIND.values(), ids=EVERY_KIND)
def test_energies_add_up(calculator: EippotCalculator, structure: Structure) -> None:
    atoms = structure()
    atoms.calc = calculator
    energies = atoms.get_potential_energies()
    assert energies.shape == (len(atoms),)
    assert atoms.get_potential_energy() == pytest.approx(energies.sum(), abs=1e-9)
    assert atoms.get_potential_energy(force_consistent=True) == atoms.get_potential_energy()


@pytest.mark.parametrize("structure", [periodic, one_atom_cell])
def test_stress_and_forces_through_ase(calculator: EippotCalculator, structure: Structure) -> None:
    atoms = structure()
    atoms.calc = calculator
    numerical = calculate_numerical_stress(atoms, eps=1e-5)
    size = np.abs(numerical).max()
    np.testing.assert_allclose(atoms.get_stress(), numerical, atol=1e-6 * size)
    numerical = calculate_numerical_forces(atoms, eps=1e-4)
    np.testing.assert_allclose(atoms.get_forces(), numerical, atol=1e-6)


@pytest.mark.parametrize("symbol", ["C", "Si"])
def test_isolated_atoms(calculator: EippotCalculator, symbol: str) -> None:
    atoms = isolated_atom(symbol)
    atoms.calc = calculator
    assert atoms.get_potential_energy() == REFERENCE_ENERGIES[symbol]
    assert not atoms.get_forces().any()


@pytest.mark.parametrize("structure", [cluster, slab])
def test_no_stress_without_a_volume(calculator: EippotCalculator, structure: Structure) -> None:
    atoms = structure()
    atoms.calc = calculator
    atoms.get_potential_energy()
    with pytest.raises(PropertyNotImplementedError, match="periodicity in three directions"):
        atoms.get_stress()
    assert np.isfinite(atoms.get_forces()).all()


def _trajectory(atoms: Atoms, steps: int) -> list[Atoms]:
    """A random walk that leaves the skin several times, and changes of cell and number."""
    random = np.random.default_rng(0)
    frames = []
    for step in range(steps):
        atoms.positions += 0.03 * random.standard_normal((len(atoms), 3))
        if step == 15:
            atoms.set_cell(1.02 * atoms.cell.array, scale_atoms=True)
        if step == 20:
            del atoms[3]
        if step == 25:
            atoms.wrap()
        if step == 30:
            atoms.pbc = (True, False, True)
        frames.append(atoms.copy())
    return frames


@pytest.mark.parametrize("structure", [periodic, cluster])
def test_the_skin_changes_nothing(exported: Path, structure: Structure) -> None:
    frames = _trajectory(structure(), steps=15 if structure is cluster else 40)
    plain, skinned = EippotCalculator(exported, skin=0.0), EippotCalculator(exported, skin=0.4)
    for frame in frames:
        results = []
        for calculator in (plain, skinned):
            frame.calc = calculator
            results.append((frame.get_potential_energy(), frame.get_forces()))
        assert results[0][0] == pytest.approx(results[1][0], abs=1e-10)
        np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-9)


def test_the_neighbor_list_is_reused_and_rebuilt(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def counting(atoms: Atoms, cutoff: float) -> NeighborList:
        built.append(cutoff)
        return neighbor_list(atoms, cutoff)

    monkeypatch.setattr("eippot.deployment.skin.neighbor_list", counting)
    atoms = periodic()
    atoms.calc = EippotCalculator(exported, skin=0.4)
    counts = []
    for distance in (0.0, 0.1, 0.19, 0.21, 0.3):
        moved = periodic()
        moved.positions[0, 0] += distance
        atoms.positions = moved.positions
        atoms.get_forces()
        counts.append(len(built))
    assert counts == [1, 1, 1, 2, 2]
    assert set(built) == {4.4}


def test_a_change_of_cell_alone(calculator: EippotCalculator) -> None:
    atoms = periodic()
    atoms.calc = calculator
    before = atoms.get_potential_energy()
    atoms.set_cell(0.85 * atoms.cell.array)  # images come near that were not in the list
    assert abs(atoms.get_potential_energy() - before) > 1e-3
    other = atoms.copy()
    expected = evaluate(potential(), other).energy
    zero = sum(REFERENCE_ENERGIES[s] for s in atoms.get_chemical_symbols())
    assert atoms.get_potential_energy() - zero == pytest.approx(expected, abs=1e-9)


def test_float32_is_close(calculator: EippotCalculator, tmp_path: Path) -> None:
    from tests.networks import export_potential

    single = EippotCalculator(export_potential(tmp_path / "model.pt", "float32"))
    atoms = periodic()
    results = []
    for calc in (calculator, single):
        atoms.calc = calc
        results.append((atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()))
    assert results[0][0] == pytest.approx(results[1][0], abs=1e-3)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-3)
    np.testing.assert_allclose(results[0][2], results[1][2], atol=1e-4)


def test_unknown_element(calculator: EippotCalculator) -> None:
    atoms = periodic()
    atoms.symbols[:2] = "Ge"
    atoms.calc = calculator
    with pytest.raises(ModelError, match="Expected only C, Si, got Ge in"):
        atoms.get_potential_energy()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_that_are_not_finite(calculator: EippotCalculator, value: float) -> None:
    atoms = periodic()
    atoms.positions[2, 1] = value
    atoms.calc = calculator
    with pytest.raises(ModelError, match="finite positions"):
        atoms.get_potential_energy()


def test_periodicity_without_a_cell(calculator: EippotCalculator) -> None:
    atoms = cluster()
    atoms.pbc = True
    atoms.calc = calculator
    with pytest.raises(DataError, match="lattice vector"):
        atoms.get_potential_energy()


def test_bad_arguments(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="skin"):
        EippotCalculator(exported, skin=-0.1)
    with pytest.raises(ModelError, match="No exported model"):
        EippotCalculator(tmp_path / "absent.pt")
