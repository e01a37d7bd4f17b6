"""Structures that lie in files: a shard of a store, and any choice out of many."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, overload

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eippot.errors import DataError, EippotError, one_line
from eippot.structures.arrow_columns import Bools, Columns, import_arrow

#: after so many structures, pages that were read are given back.
_STRUCTURES_MAPPED: Final = 128
_BYTES_AT_ONCE: Final = 2**22


def checksum_of(content: mmap.mmap) -> int:
    """CRC-32 of a file, little of which is in memory at a time."""
    checksum = 0
    for first in range(0, len(content), _BYTES_AT_ONCE):
        checksum = zlib.crc32(content[first : first + _BYTES_AT_ONCE], checksum)
        content.madvise(mmap.MADV_DONTNEED)
    return checksum


class Shard(Sequence[Atoms]):
    """Structures of one file, which is opened and checked when it is first needed.

    Parameters
    ----------
    path
        The file.
    structures, size, checksum
        What the store says of it: number of structures, bytes, CRC-32.
    """

    def __init__(self, path: Path, structures: int, size: int, checksum: int) -> None:
        self._path = path
        self._count = structures
        self._size = size
        self._checksum = checksum
        self._map: mmap.mmap | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> list[Atoms]: ...
    def __getitem__(self, index: int | slice) -> Atoms | list[Atoms]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.columns.structure(index)

    @cached_property
    def columns(self) -> Columns:
        """What the file holds.

        Raises
        ------
        DataError
            It is missing, or not as it was written.
        """
        try:
            with self._path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._check(self._map)
            arrow = import_arrow()
            columns = Columns(arrow.ipc.open_file(arrow.py_buffer(self._map)).get_batch(0))
        except EippotError:
            raise
        except Exception as error:  # pyarrow raises errors of many kinds
            raise self._damaged(one_line(error)) from None
        self.release()
        return columns

    def release(self) -> None:
        """Give back the memory of what was read; it is read again when it is needed."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def _check(self, content: mmap.mmap) -> None:
        if len(content) != self._size:
            raise self._damaged(f"{len(content)} bytes instead of {self._size}")
        if checksum_of(content) != self._checksum:
            raise self._damaged("another checksum than when it was written")

    def _damaged(self, how: str) -> DataError:
        return DataError(
            f"Expected a shard of the store {self._path.parent} in {self._path.name}, got {how}.",
            "The store was changed or copied in part: copy it again, or label again.",
        )


class StoredStructures(Sequence[Atoms]):
    """Structures, each made anew when it is asked for.

    Parameters
    ----------
    parts
        Where they are: shards, or lists.
    part, row
        ``(m,)`` part of each structure, and its place in there.
    """

    def __init__(
        self,
        parts: Sequence[Sequence[Atoms]],
        part: npt.NDArray[np.int32],
        row: npt.NDArray[np.int64],
    ) -> None:
        self.parts = tuple(parts)
        self.part = part
        self.row = row
        self._made = 0

    @classmethod
    def of(cls, *parts: Sequence[Atoms]) -> StoredStructures:
        """All of these, end to end."""
        lengths = np.array([len(part) for part in parts])
        part = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
        row = np.concatenate([np.arange(length) for length in [0, *lengths]])
        return cls(parts, part, row)

    def __len__(self) -> int:
        return len(self.part)

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> StoredStructures: ...
    def __getitem__(self, index: int | slice) -> Atoms | StoredStructures:
        if isinstance(index, slice):
            return self.chosen(np.arange(len(self))[index])
        self._made += 1
        if self._made % _STRUCTURES_MAPPED == 0:
            self.release()
        return self.parts[self.part[index]][int(self.row[index])]

    def chosen(self, indices: npt.ArrayLike) -> StoredStructures:
        """Some of them, in this order."""
        places = np.asarray(indices, dtype=np.int64)
        return StoredStructures(self.parts, self.part[places], self.row[places])

    def rows(self) -> Iterator[tuple[Sequence[Atoms], Bools, npt.NDArray[np.int64]]]:
        """Each part, which structures are in there ``(m,)``, and where."""
        for number in np.unique(self.part).tolist():
            here = self.part == number
            yield self.parts[number], here, self.row[here]
            self.release()

    def release(self) -> None:
        """Give back the memory of all that was read."""
        for part in self.parts:
            if isinstance(part, Shard):
                part.release()
