"""Short edges in a table of atoms and places, and the reverse of each edge.

An architecture that looks at angles sums over triplets of atoms: pairs of edges with one center.
A table of the edges of each atom turns such sums into products of matrices, so that nothing of
the size triplets × channels is ever stored.
"""

# no `annotations` from __future__: TorchScript wants the types of a NamedTuple, not their names
from typing import NamedTuple

import torch
from torch import Tensor


class Neighborhoods(NamedTuple):
    """The S edges shorter than a cutoff, and the table of those of each atom, K at most.

    Attributes
    ----------
    edge
        ``(S,)`` index among all edges.
    neighbor
        ``(S,)`` the atom at the end of each.
    length, direction
        ``(S,)`` [Å] and ``(S, 3)``, unit vectors.
    table
        ``(n, K)`` the short edges, 0 … S−1, of each atom; S where a place is empty.
    place
        ``(S,)`` where each short edge stands in the flattened table.
    reverse
        ``(S,)`` the short edge that leads back; S where rounding left just one of the two within
        the cutoff.
    """

    edge: Tensor
    neighbor: Tensor
    length: Tensor
    direction: Tensor
    table: Tensor
    place: Tensor
    reverse: Tensor


def find_neighborhoods(
    edge_index: Tensor, edge_vectors: Tensor, distances: Tensor, cutoff: float, n_atoms: int
) -> Neighborhoods:
    """Sort the edges shorter than a cutoff by their centers.

    Parameters
    ----------
    edge_index, edge_vectors
        As for Representation; in any order.
    distances
        ``(E,)`` lengths of the edge vectors [Å], none of them zero.
    cutoff
        Radius [Å].
    n_atoms
        n.
    """
    edge = torch.nonzero(distances < cutoff)[:, 0]
    center = edge_index[0].index_select(0, edge)
    neighbor = edge_index[1].index_select(0, edge)
    vectors = edge_vectors.index_select(0, edge)
    length = distances.index_select(0, edge)
    table, place = _tabulate(center, n_atoms)
    reverse = reverse_edges(center, neighbor, vectors, n_atoms)
    direction = vectors / length.unsqueeze(1)
    return Neighborhoods(edge, neighbor, length, direction, table, place, reverse)


def _tabulate(center: Tensor, n_atoms: int) -> tuple[Tensor, Tensor]:
    """Table ``(n, K)`` and place ``(S,)``, see Neighborhoods, from the centers ``(S,)``."""
    n_edges = center.shape[0]
    counts = torch.bincount(center, minlength=n_atoms)
    width = int(counts.max()) if n_edges > 0 else 0
    numbers = torch.arange(n_edges, device=center.device)
    rank = torch.empty_like(numbers)
    rank[torch.argsort(center, stable=True)] = numbers
    first = (counts.cumsum(0) - counts).index_select(0, center)
    place = center * width + rank - first
    table = torch.full((n_atoms * width,), n_edges, dtype=torch.int64, device=center.device)
    table[place] = numbers
    return table.view(n_atoms, width), place


def reverse_edges(
    center: Tensor, neighbor: Tensor, edge_vectors: Tensor, n_atoms: int, tolerance: float = 0.01
) -> Tensor:
    """Index ``(S,)`` of the edge that leads back along each edge; S where there is none.

    Several periodic images of a pair of atoms have the same two indices. All edges between the
    two are compared: opposite vectors agree but for rounding, other images of the pair are a
    lattice vector away, and any tolerance between the two finds the one edge.

    Parameters
    ----------
    center, neighbor
        ``(S,)``.
    edge_vectors
        ``(S, 3)`` [Å].
    n_atoms
        Number of atoms.
    tolerance
        How far the two vectors may be from opposite [Å].
    """
    n_edges = center.shape[0]
    pairs, order = torch.sort(center * n_atoms + neighbor)
    opposite = neighbor * n_atoms + center
    first = torch.searchsorted(pairs, opposite)
    count = torch.searchsorted(pairs, opposite, right=True) - first
    edge = torch.repeat_interleave(count)  # each edge as often as it has candidates
    nth = torch.arange(edge.shape[0], device=edge.device) - (count.cumsum(0) - count)[edge]
    candidate = order[first[edge] + nth]
    vectors = edge_vectors.detach()
    gap = vectors.index_select(0, edge) + vectors.index_select(0, candidate)
    is_reverse = gap.square().sum(dim=1) < tolerance**2
    reverse = torch.full((n_edges,), n_edges, dtype=torch.int64, device=edge.device)
    reverse[edge[is_reverse]] = candidate[is_reverse]
    return reverse


def onward_edges(bonds: Neighborhoods) -> Tensor:
    """Short edges ``(n, K, K)`` that go on where an edge of the table ends, except straight back.

    S where there is none.
    """
    n_edges, width = bonds.edge.shape[0], bonds.table.shape[1]
    onward = bonds.table.index_select(0, bonds.neighbor)  # (S, K)
    onward = onward.masked_fill(onward == bonds.reverse.unsqueeze(1), n_edges)
    onward = torch.cat([onward, onward.new_full((1, width), n_edges)])
    return onward.index_select(0, bonds.table.flatten()).view(bonds.table.shape + (width,))


def select(values: Tensor, index: Tensor) -> Tensor:
    """Rows of ``values (S, d)`` by an index of any shape: ``(…, d)``, zero where it is S."""
    padded = torch.cat([values, values.new_zeros((1, values.shape[1]))])
    return padded.index_select(0, index.flatten()).view(index.shape + (values.shape[1],))
