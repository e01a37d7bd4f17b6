"""The edges of a structure in random order, as a model may get them, and facts about them."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from ase import Atoms

from eippot.graphs.neighbors import neighbor_list
from eippot.models.blocks.neighborhoods import Neighborhoods, find_neighborhoods

CUTOFF: Final = 4.0
#: no distance between atoms of the structures of eippot/testing/structures.py is near it.
SHORT: Final = 2.9


class Edges:
    """All edges up to CUTOFF."""

    def __init__(self, atoms: Atoms, dtype: torch.dtype = torch.float64) -> None:
        found = neighbor_list(atoms, CUTOFF)
        order = np.random.default_rng(0).permutation(len(found.edge_vectors))
        self.n_atoms = len(atoms)
        self.center, self.neighbor = found.edge_index[:, order]
        self.shift = found.edge_shift[order]
        self.index = torch.from_numpy(np.stack([self.center, self.neighbor]))
        self.vectors = torch.from_numpy(found.edge_vectors[order]).to(dtype)
        self.lengths = self.vectors.norm(dim=1)

    @property
    def neighborhoods(self) -> Neighborhoods:
        """Those of the edges that are shorter than SHORT."""
        return find_neighborhoods(self.index, self.vectors, self.lengths, SHORT, self.n_atoms)

    @property
    def short(self) -> list[int]:
        return [int(e) for e in np.flatnonzero(self.lengths < SHORT)]

    def reverse(self, e: int) -> int:
        """The edge between the same atoms with the opposite lattice vector."""
        matches = (
            (self.center == self.neighbor[e])
            & (self.neighbor == self.center[e])
            & (self.shift == -self.shift[e]).all(axis=1)
        )
        (found,) = np.flatnonzero(matches)
        return int(found)

    def triplets(self) -> list[tuple[int, int]]:
        """Edges (a, c), (a, b): all pairs of short edges with one center."""
        short = self.short
        return [(e, f) for e in short for f in short if self.center[e] == self.center[f] and e != f]

    def quadruplets(self) -> list[tuple[int, int, int]]:
        """Edges (a, c), (a, b), (b, d): c is not b, and d is not a."""
        return [
            (e, f, g)
            for e, f in self.triplets()
            for g in self.short
            if self.center[g] == self.neighbor[f] and g != self.reverse(f)
        ]
