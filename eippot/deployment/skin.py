"""Neighbor lists that are kept while atoms and cell move a little."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from eippot.graphs.neighbors import NeighborList, neighbor_list


class SkinnedNeighbors:
    """Neighbors within the cutoff and a skin, found anew when an atom may have crossed the skin.

    Parameters
    ----------
    cutoff
        Which pairs have to be there [Å].
    skin
        How much farther the list reaches [Å].

    Attributes
    ----------
    listed
        The list of the last update; its edge vectors are those of when it was made.
    """

    def __init__(self, cutoff: float, skin: float) -> None:
        self.cutoff = cutoff
        self.skin = skin
        self.listed: NeighborList | None = None
        self._made_for: Atoms | None = None

    def update(self, atoms: Atoms) -> bool:
        """Find neighbors anew where that is necessary; return whether it was."""
        if self._made_for is not None and self._holds(self._made_for, atoms):
            return False
        self.listed = neighbor_list(atoms, self.cutoff + self.skin)
        self._made_for = atoms.copy()
        return True

    def _holds(self, old: Atoms, new: Atoms) -> bool:
        """Whether every pair that was left out is still farther apart than the cutoff.

        A deformation F of the cell shortens no distance by more than its smallest singular value;
        beyond it, two atoms approach by twice the largest displacement at most.
        """
        same_atoms = np.array_equal(old.numbers, new.numbers) and np.array_equal(old.pbc, new.pbc)
        if not same_atoms:
            return False
        positions, shrinks = old.positions, 1.0
        if not np.array_equal(old.cell.array, new.cell.array):
            if not old.pbc.all():
                return False
            deformation = np.linalg.solve(old.cell.array, new.cell.array)
            positions = positions @ deformation
            shrinks = np.linalg.svd(deformation, compute_uv=False).min()
        moved = np.sqrt(np.square(new.positions - positions).sum(axis=1).max(initial=0.0))
        return bool(shrinks * (self.cutoff + self.skin) - 2.0 * moved >= self.cutoff)
