"""Structures that come out of a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from eippot.structures.generators import (
    cluster,
    has_no_overlap,
    molecular_dynamics,
    random_packing,
    slab,
)
from eippot.structures.perturbations import (
    interstitial,
    rattle,
    scale_volume,
    shortest_distance,
    strain,
    vacancy,
)

Drawer = Callable[[np.random.Generator], Atoms]


def copper() -> Atoms:
    return bulk("Cu", cubic=True)


def layer() -> Atoms:
    return slab(copper(), (1, 0, 0), layers=2, vacuum=8.0)


def dynamics(rng: np.random.Generator) -> list[tuple[float, Atoms]]:
    return list(molecular_dynamics(copper(), EMT(), [900.0, 300.0], 20, 5, rng))


SEEDED: dict[str, Drawer] = {
    "rattle": lambda rng: rattle(copper(), 0.1, rng),
    "strain": lambda rng: strain(copper(), 0.05, rng),
    "vacancy": lambda rng: vacancy(copper(), rng),
    "interstitial": lambda rng: interstitial(copper(), "Ag", 1.5, rng),
    "cluster": lambda rng: cluster(["Si"] * 9, (2.2, 2.6), rng),
    "random_packing": lambda rng: random_packing(["Si", "C"] * 5, 18.0, 2.0, rng),
    "molecular_dynamics": lambda rng: dynamics(rng)[-1][1],
}


@pytest.mark.parametrize("draw", SEEDED.values(), ids=SEEDED.keys())
def test_same_seed_same_structure(draw: Drawer) -> None:
    first, again, other = (draw(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.positions, again.positions)
    assert np.array_equal(first.cell.array, again.cell.array)
    different = len(first) != len(other) or not np.allclose(first.positions, other.positions)
    assert different


@pytest.mark.parametrize("draw", SEEDED.values(), ids=SEEDED.keys())
def test_result_carries_no_calculator(draw: Drawer) -> None:
    assert draw(np.random.default_rng(0)).calc is None


def test_shortest_distance_sees_periodic_images() -> None:
    assert shortest_distance(Atoms("Si", cell=[2.5, 5, 5], pbc=True)) == pytest.approx(2.5)
    assert shortest_distance(Atoms("Si2", positions=[[0, 0, 0], [0, 0, 2.1]])) == pytest.approx(2.1)
    assert shortest_distance(Atoms("Si")) == np.inf


def test_rattle_has_the_spread_asked_for_and_spares_its_input() -> None:
    crystal = copper() * (5, 5, 5)
    before = crystal.positions.copy()
    moved = rattle(crystal, 0.1, np.random.default_rng(0))
    assert np.array_equal(crystal.positions, before)
    assert np.std(moved.positions - before) == pytest.approx(0.1, rel=0.05)


def test_strain_is_homogeneous_symmetric_and_bounded() -> None:
    crystal = copper()
    strained = strain(crystal, 0.05, np.random.default_rng(0))
    deformation = np.linalg.solve(crystal.cell.array, strained.cell.array)
    assert deformation == pytest.approx(deformation.T)
    assert np.abs(deformation - np.eye(3)).max() <= 0.05
    assert strained.get_scaled_positions(wrap=False) == pytest.approx(
        crystal.get_scaled_positions(wrap=False)
    )


def test_strain_keeps_the_vacuum_of_a_slab() -> None:
    before, after = layer(), strain(layer(), 0.05, np.random.default_rng(0))
    assert after.cell.array[2] == pytest.approx(before.cell.array[2])
    assert after.positions[:, 2] == pytest.approx(before.positions[:, 2])
    assert not np.allclose(after.cell.array[:2], before.cell.array[:2])


def test_scale_volume_scales_the_volume() -> None:
    scaled = scale_volume(copper(), 0.8)
    assert scaled.get_volume() == pytest.approx(0.8 * copper().get_volume())
    assert scaled.get_scaled_positions() == pytest.approx(copper().get_scaled_positions())


def test_vacancy_removes_one_atom() -> None:
    assert len(vacancy(copper(), np.random.default_rng(0))) == 3


def test_interstitial_adds_the_atom_asked_for_at_a_distance() -> None:
    defective = interstitial(copper(), "Ag", 1.6, np.random.default_rng(0))
    assert defective is not None
    assert defective.get_chemical_symbols() == ["Cu"] * 4 + ["Ag"]
    assert shortest_distance(defective) >= 1.6


def test_interstitial_gives_up_where_there_is_no_room() -> None:
    assert interstitial(copper(), "Ag", 3.0, np.random.default_rng(0), max_attempts=20) is None


def test_slab_is_open_in_z_only() -> None:
    cut = layer()
    assert cut.pbc.tolist() == [True, True, False]
    assert cut.cell[2, 2] - np.ptp(cut.positions[:, 2]) == pytest.approx(8.0)


@pytest.mark.parametrize("compactness", [0.0, 1.0])
def test_cluster_is_connected_isolated_and_without_overlap(compactness: float) -> None:
    grown = cluster(["Si"] * 10, (2.2, 2.6), np.random.default_rng(1), compactness)
    distances = grown.get_all_distances() + 99 * np.eye(10)
    assert not grown.pbc.any()
    assert grown.cell.rank == 0
    assert distances.min() >= 2.2
    assert distances.min(axis=1).max() <= 2.6


def test_compactness_makes_clusters_compact() -> None:
    def radius(compactness: float) -> float:
        clusters = [
            cluster(["Si"] * 10, (2.2, 2.6), np.random.default_rng(seed), compactness)
            for seed in range(10)
        ]
        return float(np.mean([np.linalg.norm(c.positions, axis=1).mean() for c in clusters]))

    assert radius(1.0) < 0.8 * radius(0.0)


def test_random_packing_has_its_volume_and_distances() -> None:
    packed = random_packing(["Si"] * 12, 20.0, 2.2, np.random.default_rng(0))
    assert packed.get_volume() == pytest.approx(240.0)
    assert packed.pbc.all()
    assert shortest_distance(packed) >= 2.2


def test_random_packing_ends_where_the_distance_cannot_be_kept() -> None:
    rng = np.random.default_rng(0)
    packed = random_packing(["Si"] * 8, 10.0, 3.0, rng, max_attempts=50)
    assert len(packed) == 8


def test_molecular_dynamics_visits_each_temperature() -> None:
    frames = dynamics(np.random.default_rng(0))
    assert [temperature for temperature, _ in frames] == [900.0] * 4 + [300.0] * 4
    positions = np.array([frame.positions for _, frame in frames])
    assert all(not np.allclose(a, b) for a, b in zip(positions, positions[1:], strict=False))
    assert all((frame.get_scaled_positions(wrap=False) < 1).all() for _, frame in frames)


def test_has_no_overlap() -> None:
    pair = Atoms("Si2", positions=[[0, 0, 0], [0, 0, 2.0]])
    assert has_no_overlap(pair, 1.9)
    assert not has_no_overlap(pair, 2.1)
