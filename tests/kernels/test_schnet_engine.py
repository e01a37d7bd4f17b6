"""The C++ engine of SchNet against the network in torch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from torch import nn

from eippot.errors import EippotError
from tests.kernels.subjects import (
    CUTOFF,
    by_torch,
    neighborhoods,
    random_potential,
    rattled,
)

INSTRUCTIONS = ["avx512", "avx2", "generic"]


def _engine(build: Any, **options: Any) -> Any:
    """An engine of the instruction set asked for; skips where the processor has it not."""
    try:
        return build(random_potential(), **options)
    except EippotError as error:
        assert re.search("expected instructions of this processor", str(error))
        pytest.skip(str(error))


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(
    ("dtype", "energy", "force"), [(np.float64, 1e-7, 1e-6), (np.float32, 1e-5, 1e-5)]
)
def test_energies_forces_and_virial_are_those_of_the_network(
    build: Any, instructions: str, dtype: Any, energy: float, force: float
) -> None:
    case = _engine(build, precision=dtype, instructions=instructions)
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
    ("channels", "interactions", "n_species"),
    [(32, 3, 2), (7, 3, 2), (24, 1, 2), (16, 2, 2), (128, 3, 2)],
)
def test_nothing_but_the_table_differs(
    build: Any, channels: int, interactions: int, n_species: int, instructions: str
) -> None:
    _engine(build, instructions=instructions)
    potential = random_potential(channels, interactions, n_species)
    case = build(potential, precision=np.float64, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    expected = by_torch(case.tabulated, rattled())
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.virials.sum(axis=0), expected.virials, rtol=0, atol=1e-9)


def test_forces_are_the_gradient_of_the_energy(build: Any) -> None:
    engine = build(random_potential(), precision=np.float64).engine
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_isolated_atom_has_its_energy_exactly(build: Any, dtype: Any) -> None:
    engine = build(random_potential(), precision=dtype, isolated_energies=[-40.0, -100.0]).engine
    atoms = Atoms("CSiSi", [[0, 0, 0], [30, 0, 0], [32, 0, 0]])
    found = engine.evaluate(neighborhoods(atoms))
    assert found.energies[0] == -40.0
    assert found.energies[1] == pytest.approx(found.energies[2], abs=1e-5)
    assert found.energies[1] != -100.0
    assert np.all(found.forces[0] == 0.0)
    assert found.forces[1, 0] == pytest.approx(-found.forces[2, 0], abs=1e-6)


def test_neighbors_beyond_the_cutoff_do_not_matter(build: Any) -> None:
    engine = build(random_potential(), precision=np.float64).engine
    near, far = (
        engine.evaluate(neighborhoods(rattled(), cutoff)) for cutoff in (CUTOFF, CUTOFF + 1.0)
    )
    for found, expected in zip(far, near, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_a_bit(build: Any, dtype: Any) -> None:
    engine = build(random_potential(), precision=dtype).engine
    around = neighborhoods(rattled() * (2, 1, 1))
    one, two = ([np.copy(x) for x in engine.evaluate(around, n)] for n in (1, 2))
    for found, expected in zip(two, one, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_prepared_evaluation_follows_the_positions(build: Any) -> None:
    engine = build(random_potential(), precision=np.float64).engine
    around = neighborhoods(rattled(), CUTOFF + 1.0)
    around = around._replace(positions=around.positions.copy())
    run = engine.prepare(around)
    run()
    around.positions[:] += 0.1 * np.random.default_rng(0).standard_normal(around.positions.shape)
    moved = rattled()
    moved.positions = around.positions
    expected = engine.evaluate(neighborhoods(moved))
    for found, value in zip(run(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=0, atol=1e-12)


def test_few_and_many_atoms_one_after_the_other(build: Any) -> None:
    """What one evaluation leaves in the memory does not reach into the next."""
    engine = build(random_potential(), precision=np.float64).engine
    small, large = neighborhoods(rattled()), neighborhoods(rattled() * (2, 1, 1))
    before = np.copy(engine.evaluate(small).forces)
    engine.evaluate(large)
    np.testing.assert_array_equal(engine.evaluate(small).forces, before)


def test_what_is_unknown_is_refused(build: Any) -> None:
    with pytest.raises(EippotError, match="expected instructions of this processor.*got sse9"):
        build(random_potential(), instructions="sse9")


def test_a_model_with_more_than_the_engine_knows_is_refused(build: Any) -> None:
    potential = random_potential()
    potential.heads.more = nn.Linear(3, 2).double()
    with pytest.raises(EippotError, match="the engine does not know 'potential.heads.more"):
        build(potential)
