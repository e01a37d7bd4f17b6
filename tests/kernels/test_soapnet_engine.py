"""The C++ engine of SOAPNet against the network in torch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.config.model import SOAPNetConfig
from eippot.errors import EippotError
from eippot.kernels.engine import Evaluation
from eippot.models.potential import Potential
from tests.kernels.halves import evaluate_in_halves
from tests.kernels.subjects import CUTOFF, by_torch, neighborhoods, potential_of, rattled

INSTRUCTIONS = ["avx512", "avx2", "generic"]
SMALL: dict[str, Any] = {"channels": 16, "layers": 2, "n_max": 4, "l_max": 3}


def _potential(**options: Any) -> Potential:
    return potential_of(SOAPNetConfig(cutoff=CUTOFF, **(SMALL | options)), gain=1.4)


def _case(build: Any, potential: Potential, **options: Any) -> Any:
    """A case with the instruction set asked for; skips where the processor has it not."""
    try:
        return build(potential, architecture="soapnet", **options)
    except EippotError as error:
        assert re.search("expected instructions of this processor", str(error))
        pytest.skip(str(error))


def _engine(build: Any, dtype: Any = np.float64, **options: Any) -> Any:
    return _case(build, _potential(**options), precision=dtype).engine


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(
    ("dtype", "energy", "force"), [(np.float64, 1e-7, 1e-6), (np.float32, 1e-5, 1e-5)]
)
def test_energies_forces_and_virial_are_those_of_the_network(
    build: Any, instructions: str, dtype: Any, energy: float, force: float
) -> None:
    case = _case(build, _potential(), precision=dtype, instructions=instructions)
    expected = by_torch(case.potential, rattled())
    found = case.engine.evaluate(neighborhoods(rattled()))
    assert np.abs(expected.forces).max() > 0.1
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=energy)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=force)
    np.testing.assert_allclose(
        found.virials.sum(axis=0), expected.virials, rtol=0, atol=len(rattled()) * force
    )


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(
    "options",
    [
        SOAPNetConfig().model_dump(include={"channels", "layers", "n_max", "l_max"}),
        {"species_channels": 1},
        {"n_max": 9, "channels": 7, "layers": 1},
        {"l_max": 0},
        {"l_max": 1},
        {"l_max": 2, "n_max": 1},
        {"l_max": 11},
    ],
    ids=str,
)
def test_nothing_but_the_table_differs(
    build: Any, options: dict[str, Any], instructions: str
) -> None:
    potential = _potential(**options)
    case = _case(build, potential, precision=np.float64, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    expected = by_torch(case.tabulated, rattled())
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.virials.sum(axis=0), expected.virials, rtol=0, atol=1e-9)


def test_a_cell_smaller_than_the_cutoff(build: Any) -> None:
    """An atom then has several images of another one around it."""
    atoms = bulk("Si")
    atoms.symbols[0] = "C"
    atoms.rattle(0.2, seed=1)
    case = _case(build, _potential(), precision=np.float64)
    found, expected = case.engine.evaluate(neighborhoods(atoms)), by_torch(case.tabulated, atoms)
    assert np.abs(expected.forces).max() > 0.01
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-10)


def test_forces_are_the_gradient_of_the_energy(build: Any) -> None:
    engine, atoms, step = _engine(build), rattled(), 1e-4
    forces = engine.evaluate(neighborhoods(atoms)).forces
    for atom, axis in [(0, 0), (5, 1), (17, 2)]:
        energies = []
        for sign in (1.0, -1.0):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(engine.evaluate(neighborhoods(moved)).energies.sum())
        slope = (energies[1] - energies[0]) / (2.0 * step)
        assert forces[atom, axis] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_isolated_atom_has_its_energy_exactly(build: Any, dtype: Any) -> None:
    case = _case(build, _potential(), precision=dtype, isolated_energies=[-40.0, -100.0])
    atoms = Atoms("CSiSi", [[0, 0, 0], [30, 0, 0], [32, 0, 0]])
    found = case.engine.evaluate(neighborhoods(atoms))
    assert found.energies[0] == -40.0
    assert found.energies[1] == pytest.approx(found.energies[2], abs=1e-5)
    assert found.energies[1] != -100.0
    assert np.all(found.forces[0] == 0.0)
    assert found.forces[1, 0] == pytest.approx(-found.forces[2, 0], abs=1e-6)


@pytest.mark.parametrize("distance", [0.0, 1e-30, 1e-6, 0.3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_atoms_that_are_close_have_finite_forces(build: Any, distance: float, dtype: Any) -> None:
    atoms = Atoms("CSi", [[0, 0, 0], [distance, 0, 0]])
    around = neighborhoods(Atoms("CSi", [[0, 0, 0], [1.0, 0, 0]]))
    around = around._replace(positions=atoms.positions)
    found = _engine(build, dtype).evaluate(around)
    for results in found:
        assert np.isfinite(results).all()


def test_neighbors_beyond_the_cutoff_do_not_matter(build: Any) -> None:
    engine = _engine(build)
    near, far = (
        engine.evaluate(neighborhoods(rattled(), cutoff)) for cutoff in (CUTOFF, CUTOFF + 1.0)
    )
    for found, expected in zip(far, near, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_a_bit(build: Any, dtype: Any) -> None:
    engine, around = _engine(build, dtype), neighborhoods(rattled() * (2, 1, 1))
    one, two = ([np.copy(x) for x in engine.evaluate(around, n)] for n in (1, 2))
    for found, expected in zip(two, one, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_few_and_many_atoms_one_after_the_other(build: Any) -> None:
    """What one evaluation leaves in the memory does not reach into the next."""
    engine = _engine(build)
    small, large = neighborhoods(rattled()), neighborhoods(rattled() * (2, 1, 1))
    before = np.copy(engine.evaluate(small).forces)
    engine.evaluate(large)
    np.testing.assert_array_equal(engine.evaluate(small).forces, before)


@pytest.mark.parametrize("species_channels", [1, 2])
def test_a_structure_in_two_halves(build: Any, species_channels: int) -> None:
    """One exchange, of the gradients by the density."""
    whole = neighborhoods(rattled())
    expected = _engine(build, species_channels=species_channels).evaluate(whole)
    engines = [_engine(build, species_channels=species_channels) for _ in range(2)]
    together = evaluate_in_halves(engines, whole, n_exchanges=1)
    for name, found, value in zip(Evaluation._fields, together, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=0, atol=1e-11, err_msg=name)
