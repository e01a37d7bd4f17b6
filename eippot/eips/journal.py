"""The journal of a labelling run: what is in it need not be computed again.

A folder beside the output holds one append-only file. A record is a header (magic, length,
checksum) and a payload (JSON, then the numbers as little-endian float64); a record torn by the
end of the process is cut off when the journal is opened again. An entry is found by a key made
of the structure and the source (see :func:`entry_keys`), so a journal may serve changed inputs.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import numpy as np

from eippot.conventions import Array
from eippot.eips.base import EIPLabel, Outcome, Status
from eippot.eips.messages import Frame
from eippot.eips.process import WORKER_PREFIX
from eippot.eips.source import EIPSource
from eippot.errors import DataError

_HEADER: Final = struct.Struct("<4sQI")
_MAGIC: Final = b"EIJ1"


class Journal:
    """Outcomes of an unfinished run; a context manager that holds a lock on the output.

    Parameters
    ----------
    output
        File that the run will write; the journal is the folder ``<output>.journal``.

    Raises
    ------
    DataError
        Another run holds the lock, or the folder cannot be written.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".journal")
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
        if self._file.tell() == 0:
            self.remove()  # nothing was done: leave nothing behind
        self._file.close()
        self._lock.close()

    def add(self, batch: Sequence[tuple[bytes, Outcome]]) -> None:
        """Note outcomes; they survive the end of the process from here on."""
        self.outcomes.update(batch)
        payload = _encode(batch)
        self._file.write(_HEADER.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload)

    def forget(self) -> None:
        """Drop every outcome, and start anew."""
        self.outcomes.clear()
        self._file.truncate(0)

    def remove(self) -> None:
        """Remove the folder; the journal takes no further outcomes."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> IO[bytes]:
        path = self.folder / "outcomes"
        path.touch()
        intact = 0
        with path.open("rb") as file:
            for payload, end in _records(file):
                self.outcomes.update(_decode(payload))
                intact = end
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
    structures = [_digest(*(np.ascontiguousarray(part).tobytes() for part in f)) for f in frames]
    eips = [
        _digest(repr((s.kind, s.target, sorted(s.options.items()), derivatives)).encode())
        for s in sources
    ]
    return [[_digest(eip, structure) for structure in structures] for eip in eips]


def _digest(*parts: bytes) -> bytes:
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.digest()


def _records(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    while len(header := file.read(_HEADER.size)) == _HEADER.size:
        magic, length, checksum = _HEADER.unpack(header)
        if magic != _MAGIC:
            return
        payload = file.read(length)
        if len(payload) < length or zlib.crc32(payload) != checksum:
            return
        yield payload, file.tell()


def _encode(batch: Sequence[tuple[bytes, Outcome]]) -> bytes:
    rows: list[list[Any]] = []
    numbers: list[Array] = []
    for key, outcome in batch:
        row: list[Any] = [key.hex(), outcome.status.value, outcome.reason, outcome.seconds]
        if (label := outcome.label) is not None:
            n_atoms = None if label.forces is None else len(label.forces)
            row += [n_atoms, label.stress is not None]
            numbers.append(np.array([label.energy]))
            numbers += [np.ravel(a) for a in (label.forces, label.stress) if a is not None]
        rows.append(row)
    text = json.dumps(rows).encode()
    values = np.concatenate(numbers) if numbers else np.empty(0)
    return len(text).to_bytes(8, "little") + text + values.astype("<f8").tobytes()


def _decode(payload: bytes) -> Iterator[tuple[bytes, Outcome]]:
    start = 8 + int.from_bytes(payload[:8], "little")
    values = np.frombuffer(payload[start:], dtype="<f8").astype(np.float64)
    position = 0

    def take(count: int) -> Array:
        nonlocal position
        position += count
        return values[position - count : position].copy()

    for key, status, reason, seconds, *shape in json.loads(payload[8:start]):
        label = None
        if shape:
            n_atoms, has_stress = shape
            energy = float(take(1)[0])
            forces = None if n_atoms is None else take(3 * n_atoms).reshape(n_atoms, 3)
            label = EIPLabel(energy, forces, take(9).reshape(3, 3) if has_stress else None)
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(key), Outcome(Status(status), reason, label, seconds)
