"""Elements and their indices."""

from __future__ import annotations

import pytest
from ase import Atoms

from eippot.errors import DataError
from eippot.graphs.species import species_indices, species_of
from eippot.testing.structures import SPECIES


def test_species_are_sorted_by_atomic_number() -> None:
    assert species_of([Atoms("SiH"), Atoms("CSi")]) == ["H", "C", "Si"]


def test_species_indices_follow_the_order_given() -> None:
    assert species_indices(Atoms("SiCSi"), ["Si", "C"]).tolist() == [0, 1, 0]
    assert species_indices(Atoms("SiCSi"), ["C", "Si"]).tolist() == [1, 0, 1]


def test_unknown_element() -> None:
    with pytest.raises(DataError, match="Expected only C, Si, got Ge, O"):
        species_indices(Atoms("SiGeO"), SPECIES)
