"""Neighbor lists of many structures, end to end: in memory, or mapped from files in a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from eippot.errors import DataError
from eippot.graphs.neighbors import neighbor_list

#: part of the name of what is kept, so that other forms are not taken for this one.
_FORM = "1"

_COUNTS, _PAIRS, _VECTORS = "counts.npy", "pairs.bin", "vectors.bin"


class Edges(NamedTuple):
    """The edges of m structures.

    Attributes
    ----------
    counts, starts
        ``(m,)`` int64: how many edges each structure has, and the row of its first.
    pairs
        ``(E, 2)`` int32: center and neighbor of each edge, as numbers of atoms in the structure.
    vectors
        ``(E, 3)`` [Å]: position of the neighbor's image minus position of the center.
    """

    counts: Tensor
    starts: Tensor
    pairs: Tensor
    vectors: Tensor


def find_edges(
    structures: Sequence[Atoms], cutoff: float, dtype: torch.dtype, folder: Path | None = None
) -> Edges:
    """Find all neighbors within a cutoff.

    Parameters
    ----------
    structures
        As for neighbor_list.
    cutoff
        Radius [Å].
    dtype
        Number format of the vectors.
    folder
        Where the lists are kept. What is there for the same geometries, in any order, the same
        cutoff and number format is used again, and mapped into memory, not read.

    Raises
    ------
    DataError
        The folder cannot be written, or what it holds is damaged.
    """
    lists = _Lists(cutoff, np.dtype(str(dtype).removeprefix("torch.")))
    if folder is None:
        return lists.collected(structures)
    keys, first, places = np.unique(
        [_geometry(atoms) for atoms in structures], return_index=True, return_inverse=True
    )
    kept = folder / lists.name(keys)
    if structures and not kept.exists():
        lists.write(kept, [structures[i] for i in first])
    edges = lists.mapped(kept) if structures else lists.collected([])
    at = torch.from_numpy(places)
    return Edges(edges.counts[at], edges.starts[at], edges.pairs, edges.vectors)


def _geometry(atoms: Atoms) -> str:
    """A digest of all that a neighbor list depends on."""
    parts = (atoms.positions, atoms.cell.array, atoms.pbc)
    return blake2b(b"".join(part.tobytes() for part in parts), digest_size=16).hexdigest()


class _Lists(NamedTuple):
    """Neighbor lists of one cutoff, in one number format."""

    cutoff: float
    dtype: np.dtype[np.floating]

    def name(self, keys: Iterable[str]) -> str:
        """Of the folder for these geometries."""
        parts = (_FORM, repr(float(self.cutoff)), self.dtype.str, *keys)
        return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    def of(self, structures: Iterable[Atoms]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for atoms in structures:
            found = neighbor_list(atoms, self.cutoff)
            pairs = found.edge_index.T.astype(np.int32, order="C")
            yield pairs, found.edge_vectors.astype(self.dtype)

    def collected(self, structures: Iterable[Atoms]) -> Edges:
        pairs, vectors = [np.zeros((0, 2), np.int32)], [np.zeros((0, 3), self.dtype)]
        for one, other in self.of(structures):
            pairs.append(one)
            vectors.append(other)
        counts = np.array([len(part) for part in pairs[1:]], np.int64)
        return _edges(counts, np.concatenate(pairs), np.concatenate(vectors))

    def write(self, path: Path, structures: Iterable[Atoms]) -> None:
        """One structure after the other; the folder is complete or not there."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as work:
                lists = Path(work) / path.name
                lists.mkdir()
                counts = []
                with (lists / _PAIRS).open("wb") as pairs, (lists / _VECTORS).open("wb") as vectors:
                    for one, other in self.of(structures):
                        pairs.write(one.data)
                        vectors.write(other.data)
                        counts.append(len(one))
                np.save(lists / _COUNTS, np.array(counts, np.int64))
                if not path.exists():  # else another run was faster
                    lists.rename(path)
        except OSError as error:
            raise DataError(
                f"Neighbor lists cannot be kept in {path.parent}: {error.strerror}.",
                "Name another folder (`data.neighbor_lists`), or null to keep them in memory.",
            ) from None

    def mapped(self, path: Path) -> Edges:
        try:
            counts = np.load(path / _COUNTS)
            total = int(counts.sum())
            pairs = _mapped(path / _PAIRS, np.dtype(np.int32), (total, 2))
            vectors = _mapped(path / _VECTORS, self.dtype, (total, 3))
        except (OSError, ValueError) as error:
            raise DataError(
                f"Expected complete neighbor lists in {path}, got: {error}.",
                "Remove this folder; it is then made anew.",
            ) from None
        return _edges(counts, pairs, vectors)


def _mapped(path: Path, dtype: np.dtype, shape: tuple[int, int]) -> np.ndarray:
    expected, size = dtype.itemsize * shape[0] * shape[1], path.stat().st_size
    if size != expected:
        raise ValueError(f"{path.name} has {size} bytes, not {expected}")
    if size == 0:
        return np.zeros(shape, dtype)  # nothing cannot be mapped
    return np.memmap(path, dtype, mode="c", shape=shape)


def _edges(counts: np.ndarray, pairs: np.ndarray, vectors: np.ndarray) -> Edges:
    starts = counts.cumsum() - counts
    return Edges(*map(torch.from_numpy, (counts, starts, pairs, vectors)))
