"""Neighbor lists of any cell and periodicity, cells smaller than the cutoff included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.geometry import complete_cell
from matscipy.neighbours import neighbour_list

from eippot.errors import DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class NeighborList(NamedTuple):
    """Every pair (center, neighbor image) closer than a cutoff, in both directions.

    Attributes
    ----------
    edge_index
        ``(2, E)``: center and neighbor, indices of atoms; sorted by center.
    edge_shift
        ``(E, 3)``: how many lattice vectors lie between the neighbor and its image.
    edge_vectors
        ``(E, 3)`` [Å]: position of the neighbor's image minus position of the center.
    """

    edge_index: Ints
    edge_shift: Ints
    edge_vectors: Floats


def neighbor_list(atoms: Atoms, cutoff: float) -> NeighborList:
    """Find all neighbors within a cutoff.

    Parameters
    ----------
    atoms
        Any cell (also left-handed, or none along directions that are not periodic).
    cutoff
        Radius [Å].

    Returns
    -------
    NeighborList
        An atom is its own neighbor through the periodic boundary where the cell is small enough,
        never in its own place.

    Raises
    ------
    DataError
        A periodic direction has no lattice vector.
    """
    center, neighbor, vectors, shift = neighbour_list(
        "ijDS",
        cutoff=float(cutoff),
        positions=atoms.positions,
        cell=_full_cell(atoms),
        pbc=atoms.pbc,
    )
    return NeighborList(
        edge_index=np.stack([center, neighbor]).astype(np.int64),
        edge_shift=np.asarray(shift, dtype=np.int64).reshape(-1, 3),
        edge_vectors=np.asarray(vectors, dtype=np.float64).reshape(-1, 3),
    )


def update_edge_vectors(neighbors: NeighborList, positions: Floats, cell: Floats) -> Floats:
    """Edge vectors ``(E, 3)`` [Å] of a known list of pairs at new positions ``(n, 3)`` [Å]."""
    center, neighbor = neighbors.edge_index
    vectors: Floats = positions[neighbor] - positions[center] + neighbors.edge_shift @ cell
    return vectors


def _full_cell(atoms: Atoms) -> Floats:
    """Three independent lattice vectors; those of open directions are replaced if need be."""
    cell = np.array(atoms.cell.array)
    if np.linalg.matrix_rank(cell) == 3:
        return cell
    if np.linalg.matrix_rank(cell * atoms.pbc[:, None]) < atoms.pbc.sum():
        raise DataError(
            f"Expected a lattice vector for each periodic direction (pbc {atoms.pbc.tolist()}), "
            f"got cell {cell.tolist()}."
        )
    cell[~atoms.pbc] = 0.0
    full: Floats = complete_cell(cell)
    extent = 1.0 + (float(np.ptp(atoms.positions, axis=0).max()) if len(atoms) else 0.0)
    full[~atoms.pbc] *= extent / np.linalg.norm(full[~atoms.pbc], axis=1, keepdims=True)
    return full
