"""Images of atoms, against all that there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase import Atoms

from eippot.eips.frame import Frame
from eippot.eips.images import Surroundings, surround

REACH = 3.0


def _random(seed: int, pbc: tuple[bool, bool, bool], edge: float = 5.0) -> Frame:
    random = np.random.default_rng(seed)
    cell = edge * (np.eye(3) + 0.2 * random.normal(size=(3, 3)))
    positions = random.uniform(-0.2, 1.2, size=(6, 3)) @ cell
    return Frame.from_atoms(Atoms("Si6", positions=positions, cell=cell, pbc=pbc))


def _of_structure(around: Surroundings, index: int) -> slice:
    ends = [0, *around.ends.tolist()]
    return slice(ends[index], ends[index + 1])


def _assert_complete(frame: Frame, coordinates: np.ndarray, owners: np.ndarray) -> None:
    n_atoms = len(frame.numbers)
    assert owners[:n_atoms].tolist() == list(range(n_atoms))
    ranges = [range(-4, 5) if periodic else range(1) for periodic in frame.pbc]
    shifts = np.array(list(product(*ranges))) @ frame.cell
    everywhere = (coordinates[:n_atoms] + shifts[:, None]).reshape(-1, 3)  # shift by shift
    separations = np.linalg.norm(everywhere[:, None] - coordinates[:n_atoms], axis=2)
    near = np.flatnonzero((separations < REACH).any(axis=1))
    found = {tuple(row) for row in np.round(coordinates, 6).tolist()}
    assert len(found) == len(coordinates)
    assert {tuple(row) for row in np.round(everywhere[near], 6).tolist()} <= found
    steps = (coordinates - coordinates[owners]) @ np.linalg.pinv(frame.cell * frame.pbc[:, None])
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    back = np.round(steps) @ (frame.cell * frame.pbc[:, None])
    np.testing.assert_allclose(coordinates - coordinates[owners], back, atol=1e-9)


@pytest.mark.parametrize("pbc", list(product([False, True], repeat=3)))
def test_every_image_in_reach_is_there(pbc: tuple[bool, bool, bool]) -> None:
    frames = [_random(seed, pbc) for seed in range(20)]
    around = surround(frames, REACH)
    assert around.is_complete.sum() >= 15
    first = 0
    for index, frame in enumerate(frames):
        here = _of_structure(around, index)
        owners = around.owners[here] - first
        first += len(frame.numbers)
        if around.is_complete[index]:
            _assert_complete(frame, around.coordinates[here], owners)
        else:
            assert len(owners) == len(frame.numbers)


def test_small_cells_are_left_out() -> None:
    small, large = _random(0, (True, True, True), edge=2.0), _random(1, (True, True, True))
    around = surround([small, large, small._replace(pbc=np.zeros(3, dtype=bool))], REACH)
    assert around.is_complete.tolist() == [False, True, True]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("distance", "n_images"), [(REACH - 1e-6, 2), (REACH + 1e-6, 0)])
def test_reach_is_as_far_as_it_is_said(axis: int, distance: float, n_images: int) -> None:
    positions = np.full((2, 3), 4.0)
    positions[:, axis] = 0.0, 8.0 - distance
    frame = Frame.from_atoms(Atoms("Si2", positions=positions, cell=3 * [8.0], pbc=True))
    assert len(surround([frame], REACH).owners) == 2 + n_images


def test_few_images_of_a_layer_at_a_face() -> None:
    """Displaced to either side of the face, it has images at the other face alone."""
    positions = [[0, 0, -0.1], [2.5, 2.5, 0.1]]
    frame = Frame.from_atoms(Atoms("Si2", positions=positions, cell=[5, 5, 20], pbc=True))
    around = surround([frame], REACH)
    np.testing.assert_array_equal(around.coordinates[:2], positions)
    assert np.abs(around.coordinates[:, 2]).max() < 1.0


def test_atoms_far_away_are_moved_by_lattice_vectors() -> None:
    frame = _random(2, (True, True, False))
    far = frame._replace(positions=frame.positions + 7 * frame.cell[0] - 3 * frame.cell[1])
    around = surround([far], REACH)
    assert around.is_complete.all()
    _assert_complete(far, around.coordinates, around.owners)
    assert np.abs(around.coordinates[:6] @ np.linalg.inv(frame.cell))[:, :2].max() < 1.0
