"""What the pool and its worker processes say to one another."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from eippot.eips.source import EIPSource
from eippot.errors import EippotError


@dataclass(frozen=True)
class Hello:
    """First message to a worker: the sources, and whether forces and stress are wanted."""

    sources: tuple[EIPSource, ...]
    derivatives: bool


@dataclass(frozen=True)
class Open:
    """Ask a worker to open the EIP with this index; it answers with :class:`Opened`."""

    eip: int


@dataclass(frozen=True)
class Opened:
    """Whether an EIP could be opened, and the species that it knows (None: it does not say)."""

    species: frozenset[str] | None
    error: EippotError | None = None


@dataclass(frozen=True)
class Chunk:
    """Ask a worker for labels of one EIP; it answers with packed outcomes, in order.

    The structures are in a file: a long message would make the pool wait for a busy worker.

    Parameters
    ----------
    eip
        Index of the EIP.
    path
        File with :class:`~eippot.eips.packing.PackedFrames`.
    """

    eip: int
    path: Path


class Phase(IntEnum):
    """What a worker is doing."""

    STARTING = 0
    WAITING = 1
    OPENING = 2
    EVALUATING = 3


class Board:
    """Sixteen bytes that a worker writes and the pool reads: how many labels begun, and phase.

    The pool learns from it which structure a worker is at, also of a worker that has just died,
    without a message per structure.

    Parameters
    ----------
    path
        File of the board; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)
        self._cells = memoryview(self._map).cast("q")

    @property
    def begun(self) -> int:
        """Number of labels that the worker has begun since it started."""
        return self._cells[0]

    @property
    def phase(self) -> Phase:
        """What the worker is doing."""
        return Phase(self._cells[1])

    def begin_label(self) -> None:
        """Note that the next label is begun."""
        self._cells[0] += 1
        self._cells[1] = Phase.EVALUATING

    def enter(self, phase: Phase) -> None:
        """Note what the worker does from now on."""
        self._cells[1] = phase

    def close(self) -> None:
        """Let go of the file."""
        self._cells.release()
        self._map.close()
