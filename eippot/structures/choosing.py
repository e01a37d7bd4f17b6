"""Sets of structures, in memory or in stores: parts of them, and what all say under one key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eippot.structures.io import energy_of
from eippot.structures.stored import Shard, StoredStructures

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def chosen(structures: Sequence[Atoms], indices: npt.ArrayLike) -> Sequence[Atoms]:
    """Some structures, in this order: a list of a list, none of which is made of a store."""
    if isinstance(structures, StoredStructures):
        return structures.chosen(indices)
    return [structures[i] for i in np.asarray(indices, dtype=np.int64).tolist()]


def where(structures: Sequence[Atoms], wanted: Bools) -> Sequence[Atoms]:
    """Those that are wanted, of ``wanted`` ``(m,)``."""
    return chosen(structures, np.flatnonzero(wanted))


def spread(indices: Ints, most: int) -> Ints:
    """At most so many of some indices, evenly spread."""
    if len(indices) <= most:
        return indices
    return indices[np.linspace(0, len(indices) - 1, most).astype(np.int64)]


def joined(*sets: Sequence[Atoms]) -> Sequence[Atoms]:
    """Structures of several sets, one after the other."""
    if not any(isinstance(one, StoredStructures) for one in sets):
        return [atoms for one in sets for atoms in one]
    stored = [
        one if isinstance(one, StoredStructures) else StoredStructures.of(one) for one in sets
    ]
    before = np.cumsum([0, *(len(one.parts) for one in stored[:-1])])
    return StoredStructures(
        [part for one in stored for part in one.parts],
        np.concatenate([n + one.part for n, one in zip(before, stored, strict=True)]).astype("i4"),
        np.concatenate([one.row for one in stored]),
    )


def energies_under(structures: Sequence[Atoms], key: str) -> npt.NDArray[np.float64]:
    """Energies ``(m,)`` [eV] under a key; NaN where there is none or it is not finite.

    Raises
    ------
    DataError
        Something else is there.
    """
    if isinstance(structures, StoredStructures):
        found = np.full(len(structures), np.nan)
        for part, here, rows in structures.rows():
            known = part.columns.reals(key) if isinstance(part, Shard) else None
            found[here] = energies_under(chosen(part, rows), key) if known is None else known[rows]
        return np.where(np.isfinite(found), found, np.nan)
    energies = (energy_of(atoms, key) for atoms in structures)
    return np.array([np.nan if one is None else one for one in energies], dtype=float)


def have(structures: Sequence[Atoms], key: str) -> Bools:
    """Which structures have a key ``(m,)``, whatever is under it."""
    if isinstance(structures, StoredStructures):
        found = np.zeros(len(structures), dtype=bool)
        for part, here, rows in structures.rows():
            if isinstance(part, Shard):
                found[here] = part.columns.has(key)[rows]
            else:
                found[here] = have(chosen(part, rows), key)
        return found
    return np.array([key in a.info or key in a.arrays for a in structures], dtype=bool)


def keys_of(structures: Sequence[Atoms]) -> set[str]:
    """Keys that some structure has."""
    if isinstance(structures, StoredStructures):
        found: set[str] = set()
        for part, _, rows in structures.rows():
            if not isinstance(part, Shard):
                found |= keys_of(chosen(part, rows))
                continue
            found |= {key for key in part.columns.keys if part.columns.has(key)[rows].any()}
        return found
    return {key for atoms in structures for key in (*atoms.info, *atoms.arrays)}


def elements_of(structures: Sequence[Atoms]) -> list[int]:
    """Atomic numbers that occur, in their order."""
    if isinstance(structures, StoredStructures):
        found: set[int] = set()
        for part, _, rows in structures.rows():
            if isinstance(part, Shard):
                found |= set(part.columns.elements(rows).tolist())
            else:
                found |= set(elements_of(chosen(part, rows)))
        return sorted(found)
    return sorted({int(number) for atoms in structures for number in atoms.numbers})
