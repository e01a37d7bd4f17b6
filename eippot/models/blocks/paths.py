"""Paths of messages over triplets and quadruplets of atoms, as matrices."""

# no `annotations` from __future__: TorchScript wants the types of a NamedTuple, not their names
import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from eippot.models.blocks.angular import DihedralBasis, LegendreBasis
from eippot.models.blocks.neighborhoods import find_neighborhoods, onward_edges, select
from eippot.models.blocks.radial import SmoothBesselBasis


class Paths(NamedTuple):
    """Paths b→a←c or d→b→a←c along which edges of b or d tell an edge (a, c) of themselves.

    There are S edges shorter than a cutoff, K per atom at most. Each edge (a, c) sums over J
    paths: K of them for triplets, K² for quadruplets, empty places included.

    Attributes
    ----------
    edge, place, reverse
        ``(S,)`` as in Neighborhoods.
    radial
        ``(S, N)`` radial functions of each short edge.
    angular
        ``(n, K·M, J)`` M angular functions of all paths to all edges of an atom; zero for a path
        that turns back.
    start
        ``(n, J)`` short edge where a path starts; S where a place is empty.
    inner
        ``(n, J, I)`` functions of d→b→a; empty for triplets.
    outer
        ``(S, I, M)`` radial functions of the edge (a, c) for each angular function.
    """

    edge: Tensor
    place: Tensor
    reverse: Tensor
    radial: Tensor
    angular: Tensor
    start: Tensor
    inner: Tensor
    outer: Tensor


class Triplets(nn.Module):
    """Paths b→a←c: from the edges of an atom to its other edges.

    Parameters
    ----------
    cutoff
        Length of the longest edge that takes part [Å].
    radial_functions, degrees
        N spherical Bessel functions for each of the Legendre polynomials.
    channels
        I channels that the radial functions are projected to.
    """

    def __init__(self, cutoff: float, radial_functions: int, degrees: int, channels: int) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.basis = SmoothBesselBasis(degrees, radial_functions, cutoff)
        self.legendre = LegendreBasis(degrees)
        self.outer = Projection(degrees, radial_functions, channels)

    def forward(
        self, edge_index: Tensor, edge_vectors: Tensor, distances: Tensor, n_atoms: int
    ) -> Paths:
        """All triplets; arguments as for find_neighborhoods."""
        bonds = find_neighborhoods(edge_index, edge_vectors, distances, self.cutoff, n_atoms)
        units = select(bonds.direction, bonds.table)  # (n, K, 3)
        cosines = torch.bmm(units, units.transpose(1, 2))  # (n, K, K)
        angular = self.legendre(cosines) * _others(cosines).unsqueeze(1)  # (n, K, L, K)
        radial = self.basis(bonds.length)  # (S, L, N)
        return Paths(
            edge=bonds.edge,
            place=bonds.place,
            reverse=bonds.reverse,
            radial=radial[:, 0],
            angular=angular.flatten(1, 2),
            start=bonds.table,
            inner=radial.new_zeros(0),
            outer=self.outer(radial).transpose(1, 2),
        )


class Quadruplets(nn.Module):
    """Paths d→b→a←c: from the edges of a neighbor to the edges of an atom.

    Paths that turn back (b = c, d = a) are left out, rings of three (d = c) are not: all
    functions are smooth there.

    Parameters
    ----------
    cutoff
        Length of the longest edge that takes part, in any of the three places [Å].
    radial_functions, degrees
        N spherical Bessel functions for each degree of the spherical harmonics.
    channels
        I channels that the radial functions are projected to.
    """

    def __init__(self, cutoff: float, radial_functions: int, degrees: int, channels: int) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.degrees = degrees
        self.channels = channels
        self.basis = SmoothBesselBasis(degrees, radial_functions, cutoff)
        self.legendre = LegendreBasis(degrees)
        self.dihedral = DihedralBasis(degrees)
        self.inner = Projection(degrees, radial_functions, channels)
        self.outer = Projection(self.dihedral.count, radial_functions, channels)

    def forward(
        self, edge_index: Tensor, edge_vectors: Tensor, distances: Tensor, n_atoms: int
    ) -> Paths:
        """All quadruplets; arguments as for find_neighborhoods."""
        bonds = find_neighborhoods(edge_index, edge_vectors, distances, self.cutoff, n_atoms)
        units = select(bonds.direction, bonds.table)  # (n, K, 3): from a to b, or c
        start = onward_edges(bonds)  # (n, K, K)
        ends = select(bonds.direction, start)  # (n, K, K, 3): from b to d
        cos_abd = -(units.unsqueeze(2) * ends).sum(dim=3)  # (n, K, K)
        radial = self.basis(bonds.length)  # (S, L, N)
        outer = self.outer(radial.index_select(1, self.dihedral.degree))  # (S, M, I)
        return Paths(
            edge=bonds.edge,
            place=bonds.place,
            reverse=bonds.reverse,
            radial=radial[:, 0],
            angular=self._chains(units, ends, cos_abd),
            start=start.flatten(1, 2),
            inner=self._inner(radial, cos_abd, bonds.table),
            outer=outer.transpose(1, 2),
        )

    def _inner(self, radial: Tensor, cos_abd: Tensor, table: Tensor) -> Tensor:
        """``(n, K², I)``: Σ_l W_l j_l(r_ab) P_l(cos φ_abd)."""
        middle = select(self.inner(radial).flatten(1), table)  # (n, K, L·I)
        middle = middle.view(table.shape + (self.degrees, self.channels))
        return torch.matmul(self.legendre(cos_abd).transpose(2, 3), middle).flatten(1, 2)

    def _chains(self, units: Tensor, ends: Tensor, cos_abd: Tensor) -> Tensor:
        """``(n, K·M, K²)``: spherical harmonics of all chains c–a–b–d."""
        cos_cab = torch.bmm(units, units.transpose(1, 2))  # (n, K, K)
        allowed = _others(cos_cab).unsqueeze(2)
        cos_abd = cos_abd.unsqueeze(1)  # (n, 1, K, K)
        cos_cd = torch.bmm(units, ends.flatten(1, 2).transpose(1, 2))  # (n, K, K²)
        u = cos_cd.view(cos_cab.shape + cos_cab.shape[2:]) + cos_cab.unsqueeze(3) * cos_abd
        w = (1.0 - cos_cab.square()).unsqueeze(3) * (1.0 - cos_abd.square())
        angular: Tensor = self.dihedral(cos_cab, u, w, allowed)  # (n, K, M, K, K)
        return angular.flatten(3, 4).flatten(1, 2)


class Projection(nn.Module):
    """Radial functions of each angular function, projected to a few channels.

    Parameters
    ----------
    angular, radial
        M angular functions with N radial functions each.
    channels
        I.
    """

    def __init__(self, angular: int, radial: int, channels: int) -> None:
        super().__init__()
        size = 1.0 / math.sqrt(angular * radial)
        self.weight = nn.Parameter(size * torch.randn(angular, radial, channels))

    def forward(self, radial: Tensor) -> Tensor:
        """``(S, M, N)`` → ``(S, M, I)``."""
        return torch.bmm(radial.transpose(0, 1), self.weight).transpose(0, 1)


def _others(cosines: Tensor) -> Tensor:
    """``(K, K)``: 1 for two places of the K, 0 for a place and itself; like ``(n, K, K)``."""
    return 1.0 - torch.eye(cosines.shape[2], dtype=cosines.dtype, device=cosines.device)
