"""Neighbor lists against an oracle that tries every image."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms

from eippot.errors import DataError
from eippot.graphs.neighbors import neighbor_list, update_edge_vectors
from eippot.testing.structures import EVERY_KIND, cluster, isolated_atom, periodic, slab, small_cell

Edge = tuple[int, int, float, float, float]


def _brute_force(atoms: Atoms, cutoff: float, images: int = 9) -> list[Edge]:
    """Every pair with every image, by the definition."""
    reach = [images * int(periodic) for periodic in atoms.pbc]
    shifts = np.array(list(itertools.product(*(range(-n, n + 1) for n in reach))))
    offsets = (shifts @ atoms.cell.array)[:, None, None]
    vectors = offsets + atoms.positions[None, None] - atoms.positions[None, :, None]
    near = np.linalg.norm(vectors, axis=-1) < cutoff
    at_home = np.array([not any(shift) for shift in shifts])
    itself = np.eye(len(atoms), dtype=bool) & at_home[:, None, None]
    rows = np.argwhere(near & ~itself)
    return sorted((int(i), int(j), *np.round(vectors[s, i, j], 6)) for s, i, j in rows)


def _edges(atoms: Atoms, cutoff: float) -> list[Edge]:
    found = neighbor_list(atoms, cutoff)
    rows = zip(*found.edge_index, np.round(found.edge_vectors, 6) + 0.0, strict=True)
    return sorted((int(i), int(j), *v) for i, j, v in rows)


def _outside() -> Atoms:
    """Atoms several cells away from their cell."""
    atoms = periodic()
    atoms.positions += np.random.default_rng(0).integers(-3, 4, (8, 3)) @ atoms.cell.array
    return atoms


def _slab_outside() -> Atoms:
    """Atoms above and below the cell of a slab, which is thinner than the slab."""
    atoms = slab()
    atoms.cell[2] *= 0.3
    return atoms


def _one_vector_missing() -> Atoms:
    atoms = slab()
    atoms.cell[2] = 0.0
    return atoms


def _dependent_open_vector() -> Atoms:
    """The open direction's lattice vector lies in the plane of the other two."""
    atoms = slab()
    atoms.cell[2] = atoms.cell[0] + atoms.cell[1]
    return atoms


def _far_cluster() -> Atoms:
    atoms = cluster()
    atoms.positions += 1000.0
    return atoms


KINDS = {
    **EVERY_KIND,
    **{
        f.__name__.strip("_"): f
        for f in (
            _outside,
            _slab_outside,
            _one_vector_missing,
            _dependent_open_vector,
            _far_cluster,
        )
    },
}


@pytest.mark.parametrize("structure", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("cutoff", [2.6, 6.1])
def test_equals_brute_force(structure: Callable[[], Atoms], cutoff: float) -> None:
    atoms = structure()
    found, expected = _edges(atoms, cutoff), _brute_force(atoms, cutoff)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("structure", KINDS.values(), ids=KINDS)
def test_shifts_give_the_vectors(structure: Callable[[], Atoms]) -> None:
    atoms = structure()
    found = neighbor_list(atoms, 5.0)
    vectors = update_edge_vectors(found, atoms.positions, atoms.cell.array)
    np.testing.assert_allclose(vectors, found.edge_vectors, atol=1e-10)


@pytest.mark.parametrize("structure", [periodic, small_cell, slab, cluster, _outside])
def test_updated_vectors_equal_a_new_list(structure: Callable[[], Atoms]) -> None:
    atoms = structure()
    old = neighbor_list(atoms, 5.0)
    atoms.rattle(0.1, seed=1)
    atoms.set_cell(1.01 * atoms.cell.array, scale_atoms=True)
    vectors = update_edge_vectors(old, atoms.positions, atoms.cell.array)
    within = np.linalg.norm(vectors, axis=1) < 4.0
    kept = zip(*old.edge_index[:, within], np.round(vectors[within], 6) + 0.0, strict=True)
    np.testing.assert_allclose(
        sorted((int(i), int(j), *v) for i, j, v in kept), _edges(atoms, 4.0), atol=1e-5
    )


def test_every_edge_has_its_reverse() -> None:
    edges = set(_edges(small_cell(), 6.0))
    reverse = {(j, i, *(np.round(-np.array(v), 6) + 0.0)) for i, j, *v in edges}
    assert edges == reverse


def test_centers_are_sorted() -> None:
    center = neighbor_list(periodic(), 5.0).edge_index[0]
    assert (np.diff(center) >= 0).all()


@pytest.mark.parametrize("atoms", [isolated_atom(), Atoms()], ids=["one atom", "no atom"])
def test_no_edges_keep_their_shapes(atoms: Atoms) -> None:
    found = neighbor_list(atoms, 5.0)
    assert found.edge_index.shape == (2, 0)
    assert found.edge_vectors.shape == (0, 3)
    assert found.edge_shift.shape == (0, 3)


def test_periodicity_without_a_lattice_vector_is_refused() -> None:
    atoms = cluster()
    atoms.pbc = (True, False, False)
    with pytest.raises(DataError, match="lattice vector for each periodic direction"):
        neighbor_list(atoms, 5.0)
