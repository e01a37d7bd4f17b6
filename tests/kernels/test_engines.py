"""C++ engines against the networks in torch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from pydantic import TypeAdapter
from scipy.spatial.transform import Rotation

from eippot.config.model import ModelConfig, SOAPNetConfig
from eippot.errors import EippotError
from eippot.kernels.engine import Evaluation
from eippot.models.potential import Potential
from tests.kernels.halves import evaluate_in_halves
from tests.kernels.subjects import (
    CUTOFF,
    by_torch,
    equivariant_potential,
    neighborhoods,
    potential_of,
    rattled,
)

INSTRUCTIONS = ["avx512", "avx2", "generic"]
SMALL: dict[str, dict[str, Any]] = {
    "schnet": {"channels": 32, "interactions": 3, "radial_functions": 24},
    "equivariant": {"l_max": 1},
    "soapnet": {"channels": 16, "layers": 2, "n_max": 4, "l_max": 3},
    "cgcnn": {"channels": 16, "convolutions": 3, "radial_functions": 12},
}
DEFAULT_SOAPNET = SOAPNetConfig().model_dump(include={"channels", "layers", "n_max", "l_max"})
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("schnet", {}),
    ("schnet", {"channels": 7}),
    ("schnet", {"channels": 24, "interactions": 1}),
    ("schnet", {"channels": 16, "interactions": 2}),
    ("schnet", {"channels": 128}),
    ("equivariant", {"l_max": 0}),
    ("equivariant", {"l_max": 1}),
    ("equivariant", {"l_max": 2}),
    ("equivariant", {"l_max": 3}),
    ("equivariant", {"l_max": 4, "interactions": 2}),
    ("equivariant", {"parity": True, "interactions": 6, "channels": 3}),
    ("equivariant", {"l_max": 2, "parity": True, "interactions": 4}),
    ("equivariant", {"interactions": 1}),
    ("equivariant", {"l_max": 2, "interactions": 2, "channels": 40}),
    ("equivariant", {"l_max": 2, "interactions": 4, "channels": 5}),
    ("soapnet", DEFAULT_SOAPNET),
    ("soapnet", {"species_channels": 1}),
    ("soapnet", {"n_max": 9, "channels": 7, "layers": 1}),
    ("soapnet", {"l_max": 0}),
    ("soapnet", {"l_max": 1}),
    ("soapnet", {"l_max": 2, "n_max": 1}),
    ("soapnet", {"l_max": 11}),
    ("cgcnn", {}),
    ("cgcnn", {"channels": 64}),
    ("cgcnn", {"channels": 7, "convolutions": 1}),
    ("cgcnn", {"channels": 40, "convolutions": 2}),
]

every_architecture = pytest.mark.parametrize("architecture", SMALL)
both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def _potential(architecture: str, **options: Any) -> Potential:
    if architecture == "equivariant":
        return equivariant_potential(**(SMALL[architecture] | options))
    given = {"architecture": architecture, "cutoff": CUTOFF} | SMALL[architecture] | options
    return potential_of(TypeAdapter(ModelConfig).validate_python(given), gain=1.4)


def _case(build: Any, architecture: str, potential: Potential, **options: Any) -> Any:
    """A case with the instruction set asked for; skips where the processor has it not."""
    try:
        return build(potential, architecture=architecture, **options)
    except EippotError as error:
        assert re.search("expected instructions of this processor", str(error))
        pytest.skip(str(error))


def _engine(build: Any, architecture: str, dtype: Any = np.float64, **options: Any) -> Any:
    potential = _potential(architecture, **options)
    return build(potential, architecture=architecture, precision=dtype).engine


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(
    ("dtype", "energy", "force"), [(np.float64, 1e-6, 1e-5), (np.float32, 1e-5, 2e-5)]
)
@every_architecture
def test_energies_forces_and_virial_are_those_of_the_network(
    build: Any, architecture: str, instructions: str, dtype: Any, energy: float, force: float
) -> None:
    potential = _potential(architecture)
    case = _case(build, architecture, potential, precision=dtype, instructions=instructions)
    expected = by_torch(case.potential, rattled())
    found = case.engine.evaluate(neighborhoods(rattled()))
    assert np.abs(expected.forces).max() > 0.1
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=energy)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=force)
    np.testing.assert_allclose(
        found.virials.sum(axis=0), expected.virials, rtol=0, atol=len(rattled()) * force
    )


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(("architecture", "options"), VARIANTS, ids=str)
def test_nothing_but_the_table_differs(
    build: Any, architecture: str, options: dict[str, Any], instructions: str
) -> None:
    potential = _potential(architecture, **options)
    case = _case(build, architecture, potential, precision=np.float64, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    expected = by_torch(case.tabulated, rattled())
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.virials.sum(axis=0), expected.virials, rtol=0, atol=1e-9)


@every_architecture
def test_a_cell_smaller_than_the_cutoff(build: Any, architecture: str) -> None:
    """An atom then has several images of another one around it."""
    atoms = bulk("Si")
    atoms.symbols[0] = "C"
    atoms.rattle(0.2, seed=1)
    case = build(_potential(architecture), architecture=architecture, precision=np.float64)
    found, expected = case.engine.evaluate(neighborhoods(atoms)), by_torch(case.tabulated, atoms)
    assert np.abs(expected.forces).max() > 0.01
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-10)


@every_architecture
def test_forces_are_the_gradient_of_the_energy(build: Any, architecture: str) -> None:
    engine, atoms, step = _engine(build, architecture), rattled(), 1e-4
    forces = engine.evaluate(neighborhoods(atoms)).forces
    for atom, axis in [(0, 0), (5, 1), (17, 2)]:
        energies = []
        for sign in (1.0, -1.0):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(engine.evaluate(neighborhoods(moved)).energies.sum())
        slope = (energies[1] - energies[0]) / (2.0 * step)
        assert forces[atom, axis] == pytest.approx(slope, abs=1e-6)


@every_architecture
def test_forces_turn_with_the_structure(build: Any, architecture: str) -> None:
    engine = _engine(build, architecture)
    turn = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
    atoms = rattled()
    turned = Atoms(atoms.symbols, atoms.positions @ turn.T, cell=atoms.cell @ turn.T, pbc=True)
    expected, found = (
        [np.copy(x) for x in engine.evaluate(neighborhoods(each))] for each in (atoms, turned)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-11)
    np.testing.assert_allclose(found[1], expected[1] @ turn.T, rtol=0, atol=1e-11)


@every_architecture
def test_energies_fall_to_those_of_isolated_atoms(build: Any, architecture: str) -> None:
    """What is subtracted is what the network gives without neighbors."""
    around = neighborhoods(Atoms("CSi", [[0, 0, 0], [CUTOFF - 1e-3, 0, 0]]))
    found = _engine(build, architecture).evaluate(around)
    np.testing.assert_allclose(found.energies, 0.0, rtol=0, atol=1e-8)


@both_precisions
@every_architecture
def test_an_isolated_atom_has_its_energy_exactly(build: Any, architecture: str, dtype: Any) -> None:
    potential, references = _potential(architecture), [-40.0, -100.0]
    case = build(
        potential, architecture=architecture, precision=dtype, isolated_energies=references
    )
    atoms = Atoms("CSiSi", [[0, 0, 0], [30, 0, 0], [32, 0, 0]])
    found = case.engine.evaluate(neighborhoods(atoms))
    assert found.energies[0] == -40.0
    assert found.energies[1] == pytest.approx(found.energies[2], abs=1e-5)
    assert found.energies[1] != -100.0
    assert np.all(found.forces[0] == 0.0)
    assert found.forces[1, 0] == pytest.approx(-found.forces[2, 0], abs=1e-6)


@pytest.mark.parametrize("distance", [0.0, 1e-30, 1e-6, 0.3])
@both_precisions
@every_architecture
def test_atoms_that_are_close_have_finite_forces(
    build: Any, architecture: str, distance: float, dtype: Any
) -> None:
    around = neighborhoods(Atoms("CSi", [[0, 0, 0], [1.0, 0, 0]]))
    around = around._replace(positions=np.array([[0, 0, 0], [distance, 0, 0]]))
    for results in _engine(build, architecture, dtype).evaluate(around):
        assert np.isfinite(results).all()


@every_architecture
def test_neighbors_beyond_the_cutoff_do_not_matter(build: Any, architecture: str) -> None:
    engine = _engine(build, architecture)
    near, far = (
        [np.copy(x) for x in engine.evaluate(neighborhoods(rattled(), cutoff))]
        for cutoff in (CUTOFF, CUTOFF + 1.0)
    )
    for found, expected in zip(far, near, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@both_precisions
@every_architecture
def test_threads_do_not_change_a_bit(build: Any, architecture: str, dtype: Any) -> None:
    engine, around = _engine(build, architecture, dtype), neighborhoods(rattled() * (2, 1, 1))
    one, two = ([np.copy(x) for x in engine.evaluate(around, n)] for n in (1, 2))
    for found, expected in zip(two, one, strict=True):
        np.testing.assert_array_equal(found, expected)


@every_architecture
def test_few_and_many_atoms_one_after_the_other(build: Any, architecture: str) -> None:
    """What one evaluation leaves in the memory does not reach into the next."""
    engine = _engine(build, architecture)
    small, large = neighborhoods(rattled()), neighborhoods(rattled() * (2, 1, 1))
    before = np.copy(engine.evaluate(small).forces)
    engine.evaluate(large)
    np.testing.assert_array_equal(engine.evaluate(small).forces, before)


@pytest.mark.parametrize(
    ("architecture", "options", "n_exchanges"),
    [
        ("schnet", {}, 5),  # values of the last two interactions, and gradients of all
        ("equivariant", {}, 5),
        ("soapnet", {}, 1),  # gradients by the density
        ("soapnet", {"species_channels": 1}, 1),
        ("cgcnn", {}, 5),  # features before the last two convolutions, gradients behind all three
    ],
    ids=str,
)
def test_a_structure_in_two_halves(
    build: Any, architecture: str, options: dict[str, Any], n_exchanges: int
) -> None:
    whole = neighborhoods(rattled())
    expected = _engine(build, architecture, **options).evaluate(whole)
    engines = [_engine(build, architecture, **options) for _ in range(2)]
    together = evaluate_in_halves(engines, whole, n_exchanges)
    for name, found, value in zip(Evaluation._fields, together, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=0, atol=1e-11, err_msg=name)
