"""Seeded splits of a set of structures, and hashes by which a split can be recognized."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from ase import Atoms

from eippot.errors import DataError
from eippot.structures.choosing import chosen


def split_indices(count: int, fractions: Sequence[float], seed: int) -> list[list[int]]:
    """Divide ``range(count)`` at random into parts.

    Parameters
    ----------
    count
        Number of structures.
    fractions
        Share of each part but the last one, which takes the rest; their sum is below 1.
    seed
        The same seed gives the same parts.

    Returns
    -------
    list of list of int
        Sorted indices of each part; each part holds at least one structure.

    Raises
    ------
    DataError
        There are fewer structures than parts.
    """
    if count < len(fractions) + 1:
        raise DataError(f"Expected at least {len(fractions) + 1} labelled structures, got {count}.")
    order = np.random.default_rng(seed).permutation(count)
    sizes = [max(1, round(fraction * count)) for fraction in fractions]
    bounds = np.cumsum(sizes)
    return [sorted(int(i) for i in part) for part in np.split(order, bounds)]


def split_labelled(
    structures: Sequence[Atoms], validation: float, seed: int
) -> tuple[Sequence[Atoms], Sequence[Atoms]]:
    """Divide DFT-labelled structures into training and validation ones.

    The same structures in the same order, share and seed give the same split in every stage.
    Isolated atoms always belong to training: they define the zero of energy.

    Parameters
    ----------
    structures
        Structures with a DFT energy.
    validation
        Share of the validation structures.
    seed
        Seed of the split.

    Raises
    ------
    DataError
        There are fewer than two structures that are not isolated atoms.
    """
    alone = np.array([len(a) == 1 and not a.pbc.any() for a in structures], dtype=bool)
    isolated, others = np.flatnonzero(alone), np.flatnonzero(~alone)
    held_out, kept = split_indices(len(others), [validation], seed)
    training = np.concatenate([isolated, others[kept]])
    return chosen(structures, training), chosen(structures, others[held_out])


def structure_hash(atoms: Atoms) -> str:
    """SHA-256 of species, positions, cell and periodicity (rounded to 1e-8 Å): labels excluded."""
    digest = hashlib.sha256()
    digest.update(np.asarray(atoms.numbers, dtype="<i4").tobytes())
    digest.update((np.round(atoms.positions, 8) + 0.0).astype("<f8").tobytes())
    digest.update((np.round(atoms.cell.array, 8) + 0.0).astype("<f8").tobytes())
    digest.update(np.asarray(atoms.pbc, dtype="u1").tobytes())
    return digest.hexdigest()


def set_hash(structures: Sequence[Atoms]) -> str:
    """SHA-256 of a set of structures, independent of their order."""
    return hashlib.sha256("".join(sorted(map(structure_hash, structures))).encode()).hexdigest()
