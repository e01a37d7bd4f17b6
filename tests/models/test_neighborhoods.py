"""Reverse edges, triplets and quadruplets, against loops over all edges."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import torch
from ase import Atoms

from eippot.models.blocks.neighborhoods import onward_edges, reverse_edges, select
from eippot.testing.structures import EVERY_KIND, cluster, isolated_atom
from eippot.testing.subject import Precision
from tests.models.edges import Edges

Structure = Callable[[], Atoms]
every_structure = pytest.mark.parametrize("structure", EVERY_KIND.values(), ids=EVERY_KIND)


@every_structure
def test_reverse_edges(structure: Structure, precision: Precision) -> None:
    edges = Edges(structure(), precision.dtype)
    found = reverse_edges(edges.index[0], edges.index[1], edges.vectors, edges.n_atoms)
    assert found.tolist() == [edges.reverse(e) for e in range(len(edges.vectors))]


@every_structure
def test_reverse_edges_in_spite_of_rounding(structure: Structure) -> None:
    """An engine's two vectors of a pair may differ in their last digits, to either side of zero."""
    edges = Edges(structure(), torch.float32)
    noise = 1e-5 * torch.randn(edges.vectors.shape, generator=torch.Generator().manual_seed(0))
    found = reverse_edges(edges.index[0], edges.index[1], edges.vectors + noise, edges.n_atoms)
    assert found.tolist() == [edges.reverse(e) for e in range(len(edges.vectors))]


def test_an_edge_without_its_reverse() -> None:
    """Rounding may leave one direction beyond the cutoff: nothing leads back, nothing fails."""
    edges = Edges(cluster())
    kept = torch.arange(1, len(edges.vectors))
    center, neighbor = edges.index[:, kept]
    found = reverse_edges(center, neighbor, edges.vectors[kept], edges.n_atoms)
    alone = edges.reverse(0) - 1
    assert found[alone] == len(kept)
    assert all(found[found[e]] == e for e in range(len(kept)) if e != alone)


@every_structure
def test_triplets(structure: Structure) -> None:
    """Two places of an atom's row are a triplet."""
    edges = Edges(structure())
    bonds = edges.neighborhoods
    found = []
    for row in bonds.table:
        members = bonds.edge[row[row < len(bonds.edge)]].tolist()
        found += [(e, f) for e, f in product(members, repeat=2) if e != f]
    assert len(found) > 0
    assert sorted(found) == sorted(edges.triplets())


@every_structure
def test_quadruplets(structure: Structure) -> None:
    """Two places of an atom's row, and one where the second ends, are a quadruplet."""
    edges = Edges(structure())
    bonds = edges.neighborhoods
    onward = onward_edges(bonds).tolist()
    n_edges = len(bonds.edge)
    found = []
    for atom, row in enumerate(bonds.table.tolist()):
        for (i, c), (j, b) in product(enumerate(row), repeat=2):
            if i != j and max(b, c) < n_edges:
                found += [bonds.edge[[c, b, d]].tolist() for d in onward[atom][j] if d < n_edges]
    assert len(found) > 0
    assert sorted(found) == sorted(map(list, edges.quadruplets()))


def test_an_edge_knows_its_place() -> None:
    bonds = Edges(cluster()).neighborhoods
    assert bonds.table.flatten()[bonds.place].tolist() == list(range(len(bonds.edge)))
    torch.testing.assert_close(bonds.direction.norm(dim=1), torch.ones(len(bonds.edge)).double())


def test_no_short_edges() -> None:
    bonds = Edges(isolated_atom()).neighborhoods
    assert bonds.table.shape == (1, 0)
    assert onward_edges(bonds).shape == (1, 0, 0)


def test_select() -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    found = select(values, torch.tensor([[1, 2], [0, 1]]))
    assert found.tolist() == [[[3, 4], [0, 0]], [[1, 2], [3, 4]]]
