"""Periodic images of atoms, for many structures at once and without a loop over atoms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from eippot.conventions import Array
from eippot.eips.cell import cell_with_normals
from eippot.eips.frame import Frame

#: atoms of a compact structure have fractional coordinates in this distance from one half.
_COMPACT: Final = 0.75
#: margin for rounding, of fractional coordinates.
_ROUNDING: Final = 1e-9


class Surroundings(NamedTuple):
    """Atoms of several structures, each structure's atoms followed by their images.

    Parameters
    ----------
    cells
        Lattice vectors as rows, open directions along normals, shape ``(k, 3, 3)`` [Å].
    coordinates
        Shape ``(m, 3)`` [Å].
    owners
        For each of them the atom that it is or is an image of, counted over all structures,
        shape ``(m,)``.
    ends
        Where the particles of each structure end, ``(k,)``.
    is_complete
        Whether a structure has all its images. Where the cell is so small that an atom has
        several images along one lattice vector, it has none of them here; shape ``(k,)``.
    """

    cells: Array
    coordinates: Array
    owners: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    is_complete: npt.NDArray[np.bool_]


def surround(frames: Sequence[Frame], reach: float) -> Surroundings:
    """Add all images that are within ``reach`` [Å] of any atom of their structure, and some more.

    Atoms that are far from the cell are moved into it by lattice vectors. Where none is, all stay:
    to wrap the layer at a face would put images of that layer on both sides.
    """
    pbc = np.array([frame.pbc for frame in frames])  # (k, 3)
    cells = np.array([frame.cell for frame in frames])
    for index in np.flatnonzero(~pbc.all(axis=1)):
        cells[index] = cell_with_normals(cells[index], pbc[index])
    inverses = np.linalg.inv(cells)
    n_atoms = [len(frame.numbers) for frame in frames]
    structure = np.repeat(np.arange(len(frames)), n_atoms)  # (n,)
    coordinates = np.concatenate([frame.positions for frame in frames])
    fractional = np.einsum("ni,nij->nj", coordinates, inverses.take(structure, axis=0))
    shifts = _far_shifts(fractional, structure, pbc)
    if shifts.any():
        fractional -= shifts
        coordinates = coordinates - np.einsum("ni,nij->nj", shifts, cells[structure])
    margin = reach * np.sqrt((inverses**2).sum(axis=1)) + _ROUNDING  # (k, 3)
    first = np.cumsum([0, *n_atoms[:-1]])
    lowest = np.minimum.reduceat(fractional, first)
    highest = np.maximum.reduceat(fractional, first)
    is_complete = ~((highest - lowest + margin > 2.0) & pbc).any(axis=1)
    has_images = pbc & is_complete[:, None]
    ceiling = np.where(has_images, highest + margin - 1.0, -np.inf)
    floor = np.where(has_images, lowest - margin + 1.0, np.inf)
    owners = np.arange(len(coordinates))
    for axis in range(3):
        its = structure.take(owners)
        along, vectors = fractional[:, axis].take(owners), cells[:, axis]
        up = np.flatnonzero(along < ceiling[:, axis].take(its))
        down = np.flatnonzero(along > floor[:, axis].take(its))
        above = coordinates.take(up, axis=0) + vectors.take(its.take(up), axis=0)
        below = coordinates.take(down, axis=0) - vectors.take(its.take(down), axis=0)
        coordinates = np.concatenate([coordinates, above, below])
        owners = np.concatenate([owners, owners.take(up), owners.take(down)])
    order, ends = _grouped(structure.take(owners), len(frames))
    return Surroundings(
        cells, coordinates.take(order, axis=0), owners.take(order), ends, is_complete
    )


def _far_shifts(
    fractional: Array, structure: npt.NDArray[np.int64], pbc: npt.NDArray[np.bool_]
) -> Array:
    """Numbers of lattice vectors ``(n, 3)`` that atoms of structures with far ones are off."""
    far = (np.abs(fractional - 0.5) > _COMPACT) & pbc.take(structure, axis=0)
    if not far.any():
        return np.zeros((1, 3))
    is_far = np.bincount(structure, far.any(axis=1)) > 0  # (k,)
    return np.floor(fractional) * (pbc & is_far[:, None])[structure]


def _grouped(
    structure: npt.NDArray[np.int64], n_structures: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Order of particles by structure, in each as they were, and where each structure ends."""
    few_bits = structure.astype(np.min_scalar_type(n_structures))  # sorted by radix
    ends = np.cumsum(np.bincount(structure, minlength=n_structures))
    return np.argsort(few_bits, kind="stable"), ends
