"""Cells for programs that need three lattice vectors even where a direction is open."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from ase.geometry import complete_cell

from eippot.conventions import Array


def cell_with_normals(cell: Array, pbc: npt.NDArray[np.bool_]) -> Array:
    """Return a cell in which open directions point along unit normals of the periodic ones.

    Parameters
    ----------
    cell
        Lattice vectors as rows, shape ``(3, 3)`` [Å]; rows of open directions do not matter.
    pbc
        Shape ``(3,)``.

    Returns
    -------
    Array
        Shape ``(3, 3)`` [Å], never singular, contiguous.
    """
    if pbc.all():
        return np.ascontiguousarray(cell, dtype=np.float64)
    return np.ascontiguousarray(complete_cell(np.where(pbc[:, None], cell, 0.0)))
