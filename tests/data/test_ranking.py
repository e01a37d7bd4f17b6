"""Errors, correlations and sameness of label sources whose relation to DFT is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from eippot.data.ranking import Comparison

random = np.random.default_rng(0)
COUNTS = random.integers(1, 6, size=(40, 2))
#: what is left of the energies per atom without the composition's part, and DFT's energies.
BEYOND = random.normal(scale=0.2, size=40)
ENERGIES = COUNTS @ np.array([-5.0, -9.0]) + COUNTS.sum(axis=1) * BEYOND


def _structures(labels: int = 40) -> list[Atoms]:
    structures = []
    for index, (silver, palladium) in enumerate(COUNTS.tolist()):
        atoms = Atoms(f"Ag{silver}Pd{palladium}")
        if index < labels:
            atoms.info["REF_energy"] = ENERGIES[index]
            atoms.arrays["REF_forces"] = np.full((len(atoms), 3), 0.5)
        structures.append(atoms)
    return structures


def _forces(value: float) -> list[np.ndarray | None]:
    return [np.full((int(count.sum()), 3), value) for count in COUNTS]


@pytest.fixture
def comparison() -> Comparison:
    return Comparison(_structures(), ["Ag", "Pd"])


def _other(slope: float, error: np.ndarray | float = 0.0) -> np.ndarray:
    """A source with another scale and zero, and errors per atom."""
    energies = (ENERGIES + COUNTS.sum(axis=1) * error) / slope
    other: np.ndarray = energies + COUNTS @ np.array([2.0, -1.0])
    return other


def test_scale_and_zero_of_a_source_are_taken_out(comparison: Comparison) -> None:
    found = comparison.agreement("a", _other(2.0), _forces(0.2))
    assert found is not None
    assert found.energy_mae == pytest.approx(0.0, abs=1e-6)
    assert found.correlation == pytest.approx(1.0)
    assert found.forces_mae == pytest.approx(0.1, abs=1e-5)  # of 0.5 and 2 · 0.2


def test_errors_are_those_that_were_made(comparison: Comparison) -> None:
    error = np.where(np.arange(40) % 10 == 0, 0.4, 0.0)
    found = comparison.agreement("a", _other(1.0, error), [None] * 40)
    assert found is not None
    assert found.energy_mae == pytest.approx(0.04, abs=2e-3)
    assert found.forces_mae is None
    assert found.correlation is not None
    assert 0.5 < found.correlation < 0.95


def test_the_composition_does_not_count_for_correlation(comparison: Comparison) -> None:
    only_composition = COUNTS @ np.array([-4.0, -8.0]) + 1e-3 * random.normal(size=40)
    found = comparison.agreement("a", only_composition, [None] * 40)
    assert found is not None
    assert found.correlation is not None
    assert abs(found.correlation) < 0.5
    assert np.corrcoef(only_composition, ENERGIES)[0, 1] > 0.9


def test_a_source_that_says_nothing_has_no_correlation(comparison: Comparison) -> None:
    found = comparison.agreement("a", np.zeros(40), [None] * 40)
    assert found is not None
    assert found.correlation is None
    assert found.energy_mae == pytest.approx(comparison.spread, rel=0.2)


def test_too_few_labels_say_nothing(comparison: Comparison) -> None:
    energies = np.where(np.arange(40) < 3, _other(1.0), np.nan)
    assert comparison.agreement("a", energies, [None] * 40) is None


def test_the_same_but_for_zero_and_scale_is_the_same(comparison: Comparison) -> None:
    small = 1e-5 * random.normal(size=40)
    assert comparison.are_same(_other(1.0), _other(3.0, small))
    assert not comparison.are_same(_other(1.0), _other(1.0, 1e-2 * random.normal(size=40)))


def test_a_source_that_says_nothing_is_like_no_other(comparison: Comparison) -> None:
    assert not comparison.are_same(np.zeros(40), _other(1.0))
    assert not comparison.are_same(_other(1.0), np.zeros(40))


def test_sameness_needs_common_structures_and_no_dft() -> None:
    comparison = Comparison(_structures(labels=0), ["Ag", "Pd"])
    some = np.where(np.arange(40) % 2, _other(2.0), np.nan)
    assert comparison.are_same(some, _other(1.0))
    assert not comparison.are_same(some, np.where(np.arange(40) % 2, np.nan, _other(1.0)))
