"""Structures that are there twice: what counts as the same, and what as another label."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from tests.data.guards.labels import structures, warnings


def _again(atoms: Atoms, seed: int = 0) -> Atoms:
    """The same structure, shifted and in another order."""
    order = np.random.default_rng(seed).permutation(len(atoms))
    again = atoms[order]
    again.info = dict(atoms.info)
    again.positions += (0.3, -0.2, 0.7)
    again.wrap()
    return again


@pytest.mark.parametrize("which", [0, 1, 2])
def test_duplicates(which: int) -> None:
    """A crystal, a small cell and a cluster."""
    some = structures()
    some.append(_again(some[which]))
    found = warnings(some)
    assert list(found) == ["duplicates"]
    last = len(some) - 1
    assert f"1 was there before (index {last}; config_type" in found["duplicates"]
    assert f"{last} is {which}) with the same labels" in found["duplicates"]


def test_other_energies_and_forces() -> None:
    some = structures()
    some += [_again(some[0]), _again(some[3])]
    some[-2].info["REF_energy"] += 0.005 * len(some[-2])
    some[-1].arrays["REF_forces"][0, 1] += 0.2
    text = warnings(some)["contradictions"]
    assert "2 were there before" in text
    assert "energies differ by up to 5 meV/atom, forces by up to 200 meV/Å" in text


def test_many_copies_are_one_warning() -> None:
    some = structures()
    some += [_again(some[0], seed) for seed in range(5)]
    text = warnings(some)["duplicates"]
    assert "5 were there before (index 50, 51, 52, …; config_type crystal 5; 50 is 0)" in text


def test_what_is_not_the_same() -> None:
    """Another shift of one atom, the opposite one, another cell, another element."""
    first = bulk("Si", cubic=True) * (2, 1, 1)
    some = [first.copy() for _ in range(6)]
    some[0].positions[3, 0] += 0.01
    some[1].positions[3, 0] -= 0.01
    some[2].set_cell(1.001 * first.cell.array, scale_atoms=True)
    some[3].symbols[2] = "C"
    some[4].pbc = (True, True, False)
    for index, atoms in enumerate(some):
        atoms.info["REF_energy"] = -5.0 * len(atoms) + 0.01 * index
    assert warnings(some) == {}


def test_clusters_in_any_box() -> None:
    some = structures()
    again = some[2].copy()
    again.cell = [20.0, 21.0, 22.0]
    again.pbc = False
    some[2].pbc = False
    assert "duplicates" in warnings([*some, again])
