"""Reference energies: given, found on isolated atoms, or fitted."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from ase import Atoms

from eippot.errors import DataError
from eippot.graphs.references import composition, fit_reference_energies, reference_energy

SPECIES = ["C", "Si"]


def _labelled(formula: str, energy: float, *, periodic: bool = True) -> Atoms:
    count = len(Atoms(formula))
    positions = 2.0 * np.arange(3 * count).reshape(count, 3)
    atoms = Atoms(formula, positions=positions, cell=[50, 50, 50], pbc=periodic)
    atoms.info["REF_energy"] = energy
    return atoms


def _compounds() -> list[Atoms]:
    """Energies −40 n_C − 100 n_Si."""
    return [_labelled("SiC", -140.0), _labelled("Si3C", -340.0), _labelled("SiC2", -180.0)]


def test_composition() -> None:
    found = composition([Atoms("SiC3"), Atoms("Si")], SPECIES)
    assert found.tolist() == [[3, 1], [0, 1]]


def test_least_squares_recovers_the_energies() -> None:
    found = fit_reference_energies(_compounds(), SPECIES)
    assert found == {"C": pytest.approx(-40.0), "Si": pytest.approx(-100.0)}


def test_isolated_atoms_win_over_the_fit() -> None:
    structures = [*_compounds(), _labelled("Si", -98.0, periodic=False)]
    found = fit_reference_energies(structures, SPECIES)
    assert found["Si"] == -98.0
    assert found["C"] != pytest.approx(-40.0, abs=0.5)  # C makes up for it


def test_a_periodic_single_atom_is_no_isolated_one() -> None:
    structures = [*_compounds(), _labelled("Si", -100.0), _labelled("Si", -98.0, periodic=False)]
    assert fit_reference_energies(structures, SPECIES)["Si"] == -98.0


def test_given_energies_win_over_everything() -> None:
    structures = [*_compounds(), _labelled("Si", -98.0, periodic=False)]
    found = fit_reference_energies(structures, SPECIES, {"Si": -100.0})
    assert found == {"C": pytest.approx(-40.0), "Si": -100.0}


def test_energies_that_compositions_do_not_determine() -> None:
    structures = [_labelled("SiC", -140.0), _labelled("Si2C2", -280.0)]
    with pytest.raises(DataError, match="determine the reference energies of C, Si.*rank 1"):
        fit_reference_energies(structures, SPECIES)
    found = fit_reference_energies(structures, SPECIES, {"C": -40.0})
    assert found["Si"] == pytest.approx(-100.0)


def test_sum_over_atoms() -> None:
    assert reference_energy(Atoms("SiC2"), {"C": -40.0, "Si": -100.0}) == -180.0


def test_suspicious_references_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fit_reference_energies(_compounds(), SPECIES, {"C": -40.0, "Si": -100.0})
        assert not caplog.records
        fit_reference_energies(_compounds(), SPECIES, {"C": -40.0, "Si": -7900.0})
    assert "eV/atom from its reference energies" in caplog.text
