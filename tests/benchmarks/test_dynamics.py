"""Molecular dynamics of the benchmark notices what breaks; its crystals are what they should be."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from benchmarks.accuracy import dynamics
from benchmarks.accuracy.materials import MATERIALS, predicted
from benchmarks.accuracy.report import PAGE
from benchmarks.pages import read_lines, with_table
from tests.docs.markdown import ROOT

MODEL = ROOT / "examples" / "lammps" / "silicon.pt"


def test_a_trajectory_of_a_sound_potential_is_stable() -> None:
    crystal = bulk("Si", cubic=True).repeat(2)
    rows = dynamics.run(crystal, MODEL, 300.0, seed=1, steps=200)
    np.testing.assert_array_equal(rows[:, 0], [0, 100, 200])
    assert rows[0, 3] == pytest.approx(2.35, abs=0.01)
    assert 2.0 < rows[1:, 3].min() < 2.34
    assert dynamics.stable_time(rows, 300.0, nearest=2.35) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("column", "value"), [(1, 700.0), (2, 700.0), (2, 1500.0), (3, 1.5), (3, np.nan)]
)
def test_it_ends_where_something_breaks(column: int, value: float) -> None:
    """Too hot, collapsed, blown up, two atoms in one place, not finite; or LAMMPS gave up."""
    rows = np.array([[100.0 * k, 310.0, 1000.0 + k, 2.2] for k in range(6)])
    assert dynamics.stable_time(rows, 300.0, nearest=2.35) == pytest.approx(0.5)
    rows[4, column] = value
    assert dynamics.stable_time(rows, 300.0, nearest=2.35) == pytest.approx(0.3)
    assert dynamics.stable_time(rows[:3], 300.0, nearest=2.35) == pytest.approx(0.2)


def test_properties_of_effective_medium_theory() -> None:
    """Copper, by ASE's own: a 3.59 Å and elastic constants as in its tutorials."""
    found = predicted(MATERIALS["Cu_ACE"], EMT())
    assert found["a"] == pytest.approx(3.59, abs=0.01)
    assert (found["C11"] + 2 * found["C12"]) / 3 == pytest.approx(134, rel=0.03)
    assert found["C44"] == pytest.approx(90, rel=0.1)
    assert 0.8 < found["vacancy"] < 1.6


def test_every_set_has_its_crystal() -> None:
    for material in MATERIALS.values():
        crystal = material.unit().repeat(material.repeats)
        assert 60 < len(crystal) < 200
        assert crystal.cell.lengths().min() > 10.0


def test_the_page_has_what_was_measured() -> None:
    page, lines = PAGE.read_text(), read_lines(dynamics.RESULTS)
    assert lines
    assert page == with_table(page, dynamics.MARK, dynamics.table(lines))
