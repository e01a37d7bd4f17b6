"""Neighbor lists against all pairs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from ase.build import bulk

from eippot.errors import EIPError
from eippot.kernels.neighbors import NeighborLists

CUTOFFS = [2.5, 4.1]
Places = npt.NDArray[np.float64]


def _crystal() -> Places:
    atoms = bulk("Si", cubic=True) * 3
    atoms.rattle(0.2, seed=0)
    return np.array(atoms.positions)


def _cloud() -> Places:
    return np.random.default_rng(1).uniform(-3.0, 9.0, size=(150, 3))


def _in_a_plane() -> Places:
    return _cloud() * [1.0, 0.0, 1.0]


def _far_apart() -> Places:
    places = _cloud()
    places[::10] *= 1e5
    return places


PLACES: dict[str, Callable[[], Places]] = {
    "crystal": _crystal,
    "cloud": _cloud,
    "plane": _in_a_plane,
    "far apart": _far_apart,
    "one": lambda: np.array([[1.0, -2.0, 3.0]]),
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("cutoffs", [CUTOFFS, CUTOFFS[::-1], [0.5], [1e6]], ids=str)
def test_all_pairs_within_the_cutoffs(library: Path, kind: str, cutoffs: list[float]) -> None:
    places = PLACES[kind]()
    needs = np.random.default_rng(2).integers(0, 2, size=len(places), dtype=np.int32)
    lists = NeighborLists(library, cutoffs)
    lists.build(_cloud(), np.ones(150, dtype=np.int32))  # nothing of this is left
    lists.build(places, needs)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    for index, cutoff in enumerate(cutoffs):
        for particle, row in enumerate(distances):
            expected = np.flatnonzero((row < cutoff) & bool(needs[particle])).tolist()
            assert sorted(_neighbors(lists, cutoffs, index, particle)) == expected


def test_the_model_may_ask_for_less_and_not_for_more(library: Path) -> None:
    lists = NeighborLists(library, CUTOFFS)
    lists.build(_cloud(), np.ones(150, dtype=np.int32))
    assert _neighbors(lists, [2.5, 3.0], 1, 0) == _neighbors(lists, CUTOFFS, 1, 0)
    for cutoffs, index, particle in (
        ([2.6, 4.1], 0, 0),
        ([2.5, 4.1, 5.0], 2, 0),
        (CUTOFFS, -1, 0),
        (CUTOFFS, 0, 150),
        (CUTOFFS, 0, -1),
    ):
        with pytest.raises(LookupError):
            _neighbors(lists, cutoffs, index, particle)


def test_two_at_one_place(library: Path) -> None:
    places = _crystal()
    places[7] = places[40] + 1e-6
    needs = np.ones(len(places), dtype=np.int32)
    lists = NeighborLists(library, CUTOFFS)
    with pytest.raises(EIPError, match="at the same place"):
        lists.build(places, needs)
    needs[[7, 40]] = 0
    lists.build(places, needs)
    assert 7 not in _neighbors(lists, CUTOFFS, 1, 40)


def _neighbors(lists: NeighborLists, cutoffs: list[float], index: int, particle: int) -> list[int]:
    """What a KIM model gets."""
    get = lists._library.eippot_neighbors_get
    get.argtypes = [
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int),
        *(ctypes.c_void_p, ctypes.c_void_p),
    ]
    count, found = ctypes.c_int(), ctypes.POINTER(ctypes.c_int)()
    asked = np.array(cutoffs)
    if get(
        lists._handle, len(asked), asked.ctypes.data, index, particle,
        ctypes.byref(count), ctypes.byref(found),
    ):  # fmt: skip
        raise LookupError
    return found[: count.value]
