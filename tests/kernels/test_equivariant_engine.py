"""The C++ engine of the equivariant architecture against the network in torch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from eippot.errors import EippotError
from eippot.kernels.engine import Evaluation
from eippot.models.potential import Potential
from tests.kernels.subjects import (
    CUTOFF,
    by_torch,
    equivariant_potential,
    neighborhoods,
    rattled,
)

INSTRUCTIONS = ["avx512", "avx2", "generic"]


def _build(build: Any, potential: Potential, **options: Any) -> Any:
    """An engine of the instruction set asked for; skips where the processor has it not."""
    try:
        return build(potential, architecture="equivariant", **options)
    except EippotError as error:
        if not re.search("expected instructions of this processor", str(error)):
            raise
        pytest.skip(str(error))


def _assert_equal(found: Evaluation, expected: Evaluation, energy: float, force: float) -> None:
    assert np.abs(expected.forces).max() > 0.05
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=energy)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=force)
    virial = found.virials.sum(axis=0)
    np.testing.assert_allclose(virial, expected.virials, rtol=0, atol=len(found.energies) * force)


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize("l_max", [1, 2])
@pytest.mark.parametrize(
    ("dtype", "energy", "force"), [(np.float64, 1e-6, 1e-5), (np.float32, 1e-5, 2e-5)]
)
def test_energies_forces_and_virial_are_those_of_the_network(
    build: Any, l_max: int, instructions: str, dtype: Any, energy: float, force: float
) -> None:
    potential = equivariant_potential(l_max)
    case = _build(build, potential, precision=dtype, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    _assert_equal(found, by_torch(potential, rattled()), energy, force)


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(
    "shape",
    [
        {"l_max": 0},
        {"l_max": 1},
        {"l_max": 2},
        {"l_max": 3},
        {"l_max": 4, "interactions": 2},
        {"l_max": 1, "parity": True, "interactions": 6, "channels": 3},
        {"l_max": 2, "parity": True, "interactions": 4},
        {"l_max": 1, "interactions": 1},
        {"l_max": 2, "interactions": 2, "channels": 40},
        {"l_max": 2, "interactions": 4, "channels": 5},
    ],
    ids=str,
)
def test_nothing_but_the_table_differs(
    build: Any, shape: dict[str, Any], instructions: str
) -> None:
    potential = equivariant_potential(**shape)
    case = _build(build, potential, precision=np.float64, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    _assert_equal(found, by_torch(case.tabulated, rattled()), 1e-10, 1e-10)


def test_forces_are_the_gradient_of_the_energy(build: Any) -> None:
    engine = _build(build, equivariant_potential(), precision=np.float64).engine
    atoms, step = rattled(), 1e-4
    forces = engine.evaluate(neighborhoods(atoms)).forces
    for atom, axis in [(0, 0), (5, 1), (17, 2)]:
        energies = []
        for sign in (1.0, -1.0):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(engine.evaluate(neighborhoods(moved)).energies.sum())
        slope = (energies[1] - energies[0]) / (2.0 * step)
        assert forces[atom, axis] == pytest.approx(slope, abs=1e-6)


def test_forces_turn_with_the_structure(build: Any) -> None:
    engine = _build(build, equivariant_potential(), precision=np.float64).engine
    turn = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
    atoms = rattled()
    turned = Atoms(atoms.symbols, atoms.positions @ turn.T, cell=atoms.cell @ turn.T, pbc=True)
    expected, found = (
        [np.copy(x) for x in engine.evaluate(neighborhoods(each))] for each in (atoms, turned)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-11)
    np.testing.assert_allclose(found[1], expected[1] @ turn.T, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_isolated_atom_has_its_energy_exactly(build: Any, dtype: Any) -> None:
    energies = [-40.0, -100.0]
    options = {"precision": dtype, "isolated_energies": energies}
    engine = _build(build, equivariant_potential(), **options).engine
    atoms = Atoms("CSiSi", [[0, 0, 0], [30, 0, 0], [32, 0, 0]])
    found = engine.evaluate(neighborhoods(atoms))
    assert found.energies[0] == -40.0
    assert found.energies[1] == pytest.approx(found.energies[2], abs=1e-5)
    assert found.energies[1] != -100.0
    assert np.all(found.forces[0] == 0.0)
    assert found.forces[1, 0] == pytest.approx(-found.forces[2, 0], abs=1e-6)


def test_energies_fall_to_those_of_isolated_atoms(build: Any) -> None:
    """What is subtracted is what the network gives without neighbors."""
    engine = _build(build, equivariant_potential(), precision=np.float64).engine
    found = engine.evaluate(neighborhoods(Atoms("CSi", [[0, 0, 0], [CUTOFF - 1e-3, 0, 0]])))
    np.testing.assert_allclose(found.energies, 0.0, rtol=0, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("distance", [0.0, 1e-8, 0.004, 0.0099, 0.3])
def test_close_atoms_and_atoms_in_line(build: Any, dtype: Any, distance: float) -> None:
    """As in torch: the direction of an edge below 0.01 Å fades."""
    potential = equivariant_potential()
    atoms = Atoms("CSiC", [[0, 0, 0], [0, 0, distance], [0, 0, distance + 2.0]])
    case = _build(build, potential, precision=dtype)
    found = case.engine.evaluate(neighborhoods(atoms))
    expected = by_torch(case.tabulated, atoms)
    tolerance = 1e-10 if dtype == np.float64 else 1e-5
    scale = max(np.abs(expected.forces).max(), 1.0)
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=tolerance * scale)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=tolerance * scale)


def test_neighbors_beyond_the_cutoff_do_not_matter(build: Any) -> None:
    engine = _build(build, equivariant_potential(), precision=np.float64).engine
    near, far = (
        [np.copy(x) for x in engine.evaluate(neighborhoods(rattled(), cutoff))]
        for cutoff in (CUTOFF, CUTOFF + 1.0)
    )
    for found, expected in zip(far, near, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_a_bit(build: Any, dtype: Any) -> None:
    engine = _build(build, equivariant_potential(), precision=dtype).engine
    around = neighborhoods(rattled() * (2, 1, 1))
    one, two = ([np.copy(x) for x in engine.evaluate(around, n)] for n in (1, 2))
    for found, expected in zip(two, one, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_few_and_many_atoms_one_after_the_other(build: Any) -> None:
    """What one evaluation leaves in the memory does not reach into the next."""
    engine = _build(build, equivariant_potential(), precision=np.float64).engine
    small, large = neighborhoods(rattled()), neighborhoods(rattled() * (2, 1, 1))
    before = np.copy(engine.evaluate(small).forces)
    engine.evaluate(large)
    np.testing.assert_array_equal(engine.evaluate(small).forces, before)
