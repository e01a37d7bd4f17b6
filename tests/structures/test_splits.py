"""Splits: seeded, disjoint, complete; hashes that know structures and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from eippot.errors import DataError
from eippot.structures.splits import set_hash, split_indices, split_labelled, structure_hash
from eippot.testing.structures import isolated_atom, periodic


def _structures(count: int) -> list[Atoms]:
    structures = []
    for index in range(count):
        atoms = periodic()
        atoms.rattle(0.1, seed=index)
        atoms.info["n"] = index
        structures.append(atoms)
    return structures


@pytest.mark.parametrize("count", [2, 3, 10, 101])
@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.5])
def test_parts_are_disjoint_and_complete(count: int, fraction: float) -> None:
    held_out, kept = split_indices(count, [fraction], seed=3)
    assert sorted(held_out + kept) == list(range(count))
    assert len(held_out) == max(1, round(fraction * count))


def test_three_parts() -> None:
    parts = split_indices(20, [0.1, 0.3], seed=0)
    assert [len(part) for part in parts] == [2, 6, 12]
    assert sorted(sum(parts, [])) == list(range(20))


def test_the_seed_decides() -> None:
    assert split_indices(50, [0.2], 1) == split_indices(50, [0.2], 1)
    assert split_indices(50, [0.2], 1) != split_indices(50, [0.2], 2)


def test_the_split_is_pinned() -> None:
    """Another numpy must not move structures from validation to training."""
    assert split_indices(10, [0.3], seed=0)[0] == PINNED


PINNED = [2, 4, 6]


def test_too_few() -> None:
    with pytest.raises(DataError, match="at least 2 labelled structures, got 1"):
        split_indices(1, [0.5], 0)


def test_isolated_atoms_belong_to_training() -> None:
    structures = [isolated_atom("Si"), *_structures(10), isolated_atom("C")]
    for seed in range(5):
        training, validation = split_labelled(structures, 0.4, seed)
        assert sum(len(a) == 1 for a in training) == 2
        assert len(validation) == 4
        assert len(training) == 8
        assert not {a.info.get("n") for a in training} & {a.info["n"] for a in validation}


def test_hash_ignores_labels_and_order() -> None:
    structures = _structures(4)
    labelled = [a.copy() for a in reversed(structures)]
    for atoms in labelled:
        atoms.info["REF_energy"] = -1.0
        atoms.arrays["REF_forces"] = np.ones((len(atoms), 3))
    assert set_hash(labelled) == set_hash(structures)


def test_hash_ignores_rounding_and_the_sign_of_zero() -> None:
    atoms = Atoms("Si", positions=[[0.0, 1.0, 2.0]], cell=[3, 3, 3], pbc=True)
    moved = atoms.copy()
    moved.positions[0] = [-0.0, 1.0 + 1e-11, 2.0]
    assert structure_hash(moved) == structure_hash(atoms)


@pytest.mark.parametrize("change", ["position", "cell", "pbc", "species"])
def test_hash_depends_on_the_structure(change: str) -> None:
    atoms = periodic()
    if change == "position":
        atoms.positions[0, 0] += 1e-6
    elif change == "cell":
        atoms.cell[0, 0] += 1e-6
    elif change == "pbc":
        atoms.pbc = (True, True, False)
    else:
        atoms.symbols[0] = "Ge"
    assert structure_hash(atoms) != structure_hash(periodic())
