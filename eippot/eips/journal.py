"""The journal of a labelling run: what is in it need not be computed again.

A folder beside the output holds one append-only file. A record is a header (magic, length,
checksum) and a payload (keys of entries, then their outcomes as :mod:`eippot.eips.packing` packs
them); a record torn by the end of the process is cut off when the journal is opened again. An
entry is found by a key made of the structure and the source (see :func:`entry_keys`), so a
journal may serve changed inputs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from eippot.eips.base import Outcome
from eippot.eips.frame import Frame
from eippot.eips.packing import unpack_outcomes
from eippot.eips.process import WORKER_PREFIX
from eippot.eips.source import EIPSource
from eippot.errors import DataError

_HEADER: Final = struct.Struct("<4sQI")
_MAGIC: Final = b"EIJ2"
_KEY_BYTES: Final = 16


class Journal:
    """Outcomes of an unfinished run; a context manager that holds a lock on the output.

    Parameters
    ----------
    output
        File that the run will write; the journal is the folder ``<output>.journal``.

    Attributes
    ----------
    outcomes
        What was in the journal when it was opened.
    kept
        Folder for what a run has finished before its end.

    Raises
    ------
    DataError
        Another run holds the lock, the folder cannot be written, or what is in it is no journal.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".journal")
        self.kept = self.folder / "kept"
        self.outcomes: dict[bytes, Outcome] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise DataError(f"Cannot write beside {output}: {error}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise DataError(
                f"Another run is writing {output}.",
                "Wait for it, end it, or write to another file.",
            ) from None
        for left in self.folder.glob(WORKER_PREFIX + "*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        self._file = self._open()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file.tell() == 0 and not any(map(Path.is_file, self.kept.rglob("*"))):
            self.remove()  # nothing was done: leave nothing behind
        self._file.close()
        self._lock.close()

    def add(self, keys: Sequence[bytes], packed: bytes) -> None:
        """Note outcomes; they survive the end of the process from here on.

        Parameters
        ----------
        keys
            Of the entries; see :func:`entry_keys`.
        packed
            Their outcomes, of :func:`~eippot.eips.packing.pack_outcomes`.
        """
        payload = b"".join((len(keys).to_bytes(8, "little"), *keys, packed))
        self._file.write(_HEADER.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload)

    def drop(self) -> None:
        """Drop every outcome: something else holds them now, among what is kept."""
        self.outcomes.clear()
        self._file.truncate(0)

    def forget(self) -> None:
        """Drop every outcome and all that is kept, and start anew."""
        self.drop()
        shutil.rmtree(self.kept, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder; the journal takes no further outcomes."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> IO[bytes]:
        path = self.folder / "outcomes"
        path.touch()
        intact = 0
        with path.open("rb") as file:
            try:
                for payload, end in _records(file):
                    self.outcomes.update(_decode(payload))
                    intact = end
            except DataError as error:
                self._lock.close()
                raise DataError(
                    f"The journal {self.folder} is damaged: {error.message}",
                    "Remove the folder: its labels are then made anew.",
                ) from None
        journal = path.open("ab", buffering=0)
        journal.truncate(intact)
        return journal


def entry_keys(
    frames: Sequence[Frame], sources: Sequence[EIPSource], derivatives: bool
) -> list[list[bytes]]:
    """Key of every label, ``keys[eip][structure]``: equal where the label must be equal.

    Parameters
    ----------
    frames
        The structures.
    sources
        The EIPs; their short names do not matter.
    derivatives
        Whether forces and stress are wanted.
    """
    structures = [_digest(b"".join([part.tobytes() for part in frame])) for frame in frames]
    eips = [
        _digest(repr((s.kind, s.target, sorted(s.options.items()), derivatives)).encode())
        for s in sources
    ]
    return [[_digest(eip + structure) for structure in structures] for eip in eips]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_KEY_BYTES).digest()


def _records(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    size = os.fstat(file.fileno()).st_size
    while len(header := file.read(_HEADER.size)) == _HEADER.size:
        magic, length, checksum = _HEADER.unpack(header)
        if magic != _MAGIC or length > size:
            return
        payload = file.read(length)
        if len(payload) < length or zlib.crc32(payload) != checksum:
            return
        yield payload, file.tell()


def _decode(payload: bytes) -> Iterator[tuple[bytes, Outcome]]:
    first = 8 + _KEY_BYTES * int.from_bytes(payload[:8], "little")
    keys = [payload[i : i + _KEY_BYTES] for i in range(8, min(first, len(payload)), _KEY_BYTES)]
    outcomes = unpack_outcomes(payload[first:])
    if len(keys) != len(outcomes):
        raise DataError(f"Expected outcomes of {len(keys)} entries, got {len(outcomes)}.")
    return zip(keys, outcomes, strict=True)
