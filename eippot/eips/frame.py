"""What an EIP sees of a structure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eippot.conventions import Array


class Frame(NamedTuple):
    """Species, positions, cell and periodicity of a structure, without anything else.

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
