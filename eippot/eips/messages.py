"""What the pool and its worker processes say to one another."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eippot.conventions import Array
from eippot.eips.source import EIPSource
from eippot.errors import EippotError


class Frame(NamedTuple):
    """All that an EIP sees of a structure; cheaper to send than an ``ase.Atoms``.

    Parameters
    ----------
    numbers
        Atomic numbers, shape ``(n,)``.
    positions
        Shape ``(n, 3)`` [Å].
    cell
        Lattice vectors as rows, shape ``(3, 3)`` [Å].
    pbc
        Shape ``(3,)``.
    """

    numbers: npt.NDArray[np.int64]
    positions: Array
    cell: Array
    pbc: npt.NDArray[np.bool_]

    @classmethod
    def from_atoms(cls, atoms: Atoms) -> Frame:
        """Take what an EIP sees from a structure."""
        return cls(atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc)

    def to_atoms(self) -> Atoms:
        """Return a bare structure."""
        return Atoms(numbers=self.numbers, positions=self.positions, cell=self.cell, pbc=self.pbc)


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
    """Ask a worker for labels of one EIP; it answers with lists of outcomes, in order."""

    eip: int
    frames: list[Frame]


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
