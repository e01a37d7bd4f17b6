"""The silicon recipe: what kinds of structures there are, and in what proportions.

Structure number ``i`` of seed ``s`` depends on ``(s, i)`` alone, so a shorter list is the
beginning of a longer one, and any beginning is a fair sample. Liquid and amorphous
structures are drawn from a few trajectories that depend on the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from phases import PHASES, diamond, silicene
from trajectories import Trajectories

from eippot.structures.generators import cluster, has_no_overlap, slab
from eippot.structures.perturbations import (
    interstitial,
    rattle,
    scale_volume,
    strain,
    vacancy,
)

MIN_DISTANCE = 1.8
"""No two atoms come closer than this [Å]."""

VACUUM = 8.0
"""Total vacuum of a slab [Å]."""

MAX_ATOMS = 8
"""Largest supercell of a phase whose unit cell is not larger."""

SURFACES: dict[str, tuple[int, int, int]] = {
    "surface_100": (0, 1, 1),
    "surface_110": (1, 1, 2),
    "surface_111": (1, 1, 1),
}
"""Miller indices of the diamond surfaces in the basis of the primitive cell."""

REPEATS = [(1, 1, 1), (2, 1, 1), (1, 1, 2), (2, 2, 1), (2, 1, 2), (3, 1, 1), (2, 2, 2), (3, 2, 1)]

Maker = Callable[[np.random.Generator, Trajectories], "Atoms | None"]


@dataclass(frozen=True)
class Kind:
    """One kind of structure.

    Attributes
    ----------
    config_type
        Name, written to ``info["config_type"]``.
    weight
        Share of the set, relative to the other kinds.
    make
        Draws one candidate, or ``None`` where the draw did not work out.
    """

    config_type: str
    weight: float
    make: Maker


def supercell(phase: str, smallest: int, rng: np.random.Generator) -> Atoms:
    """Return a random supercell of `smallest` to ``MAX_ATOMS`` atoms (fewer: the unit cell)."""
    unit = PHASES[phase]()
    allowed = [r for r in REPEATS if smallest <= len(unit) * int(np.prod(r)) <= MAX_ATOMS]
    return unit * allowed[int(rng.integers(len(allowed)))] if allowed else unit


def distort(structure: Atoms, rng: np.random.Generator) -> Atoms:
    """Scale the volume, strain and rattle by random amounts, mostly small, sometimes large."""
    wide = rng.random() < 0.15
    factor = rng.uniform(0.75, 1.3) if wide else rng.normal(1.01, 0.06)
    magnitude = float(rng.choice([0.0, 0.02, 0.05, 0.10]))
    stdev = min(float(rng.exponential(0.07)), 0.22)
    return rattle(strain(scale_volume(structure, factor), magnitude, rng), stdev, rng)


def make_bulk(phase: str) -> Maker:
    """Return the maker of distorted cells of one phase."""

    def make(rng: np.random.Generator, _: Trajectories) -> Atoms:
        return distort(supercell(phase, 1, rng), rng)

    return make


def host(rng: np.random.Generator) -> Atoms:
    """Return a perfect crystal for a point defect: diamond in two of three cases."""
    phase = "diamond" if rng.random() < 0.67 else str(rng.choice(list(PHASES)))
    crystal = supercell(phase, 6, rng)
    return crystal if len(crystal) > 1 else crystal * (2, 2, 2)


def make_vacancy(rng: np.random.Generator, _: Trajectories) -> Atoms:
    """Draw a distorted crystal with one atom missing."""
    return distort(vacancy(host(rng), rng), rng)


def make_interstitial(rng: np.random.Generator, _: Trajectories) -> Atoms | None:
    """Draw a distorted crystal with one atom too many."""
    defective = interstitial(host(rng), "Si", 1.9, rng, max_attempts=50)
    return None if defective is None else distort(defective, rng)


def make_surface(miller: tuple[int, int, int]) -> Maker:
    """Return the maker of rattled diamond slabs of 4 to 8 atoms."""

    def make(rng: np.random.Generator, _: Trajectories) -> Atoms:
        bulk = scale_volume(diamond(), rng.normal(1.0, 0.04))
        cut = slab(bulk, miller, int(rng.integers(2, 5)), VACUUM)
        return distort_layer(cut, rng)

    return make


def make_silicene(rng: np.random.Generator, _: Trajectories) -> Atoms:
    """Draw a rattled silicene layer of 2 to 8 atoms."""
    repeat = [(1, 1, 1), (2, 1, 1), (2, 2, 1), (3, 1, 1)][int(rng.integers(4))]
    return distort_layer(silicene() * repeat, rng)


def distort_layer(layer: Atoms, rng: np.random.Generator) -> Atoms:
    """Strain in the plane and rattle, keeping the vacuum."""
    stdev = min(float(rng.exponential(0.08)), 0.25)
    return rattle(strain(layer, float(rng.choice([0.0, 0.03, 0.08])), rng), stdev, rng)


def make_liquid(rng: np.random.Generator, trajectories: Trajectories) -> Atoms:
    """Draw a snapshot of the melt, slightly strained."""
    return strain(trajectories.liquid(rng), 0.03, rng)


def make_amorphous(rng: np.random.Generator, trajectories: Trajectories) -> Atoms:
    """Draw a quenched snapshot, slightly strained."""
    return strain(trajectories.amorphous(rng), 0.03, rng)


def make_cluster(rng: np.random.Generator, _: Trajectories) -> Atoms:
    """Draw a random cluster of 3 to 12 atoms, small ones more often."""
    sizes = np.arange(3, 13)
    size = int(rng.choice(sizes, p=(1 / sizes) / np.sum(1 / sizes)))
    longest = rng.uniform(2.4, 2.9)
    grown = cluster(["Si"] * size, (2.15, longest), rng, compactness=rng.uniform(0.3, 1.0))
    return rattle(grown, 0.05, rng)


def make_dimer(rng: np.random.Generator, _: Trajectories) -> Atoms:
    """Draw a dimer, from compressed to torn apart."""
    distance = rng.uniform(1.85, 3.2) if rng.random() < 0.6 else rng.uniform(3.2, 6.0)
    return Atoms("Si2", positions=[[0, 0, 0], [0, 0, distance]], pbc=False)


BULK_WEIGHTS = {
    "diamond": 9.0,
    "lonsdaleite": 4.0,
    "beta_tin": 6.0,
    "simple_hexagonal": 5.0,
    "bc8": 4.0,
    "st12": 2.0,
    "bct5": 3.0,
    "fcc": 4.0,
    "bcc": 4.0,
    "hcp": 4.0,
    "simple_cubic": 4.0,
    "a15": 2.0,
    "graphitic": 2.0,
}

KINDS: list[Kind] = [
    *(Kind(f"bulk_{phase}", weight, make_bulk(phase)) for phase, weight in BULK_WEIGHTS.items()),
    Kind("vacancy", 6.0, make_vacancy),
    Kind("interstitial", 6.0, make_interstitial),
    *(Kind(name, 2.5, make_surface(miller)) for name, miller in SURFACES.items()),
    Kind("silicene", 1.5, make_silicene),
    Kind("liquid", 9.0, make_liquid),
    Kind("amorphous", 8.0, make_amorphous),
    Kind("cluster", 6.5, make_cluster),
    Kind("dimer", 2.0, make_dimer),
]


def draw(seed: int, index: int, trajectories: Trajectories) -> Atoms:
    """Return structure number `index` of the list that belongs to `seed`.

    Number 0 is the isolated atom.
    """
    if index == 0:
        return finished(Atoms("Si", pbc=False), "isolated_atom")
    rng = np.random.default_rng([seed, 0, index])
    weights = np.array([kind.weight for kind in KINDS])
    kind = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]
    while True:
        candidate = kind.make(rng, trajectories)
        if candidate is not None and has_no_overlap(candidate, MIN_DISTANCE):
            return finished(candidate, kind.config_type)


def finished(structure: Atoms, config_type: str) -> Atoms:
    """Return species, positions, cell and periodicity only, rounded as they are written."""
    return Atoms(
        structure.symbols,
        positions=np.round(structure.positions, 8),
        cell=np.round(structure.cell.array, 8),
        pbc=structure.pbc,
        info={"config_type": config_type},
    )
