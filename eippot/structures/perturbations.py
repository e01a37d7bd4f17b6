"""Seeded changes of one structure into another of the same kind.

Every function returns a new ``ase.Atoms`` and leaves its input alone. Randomness comes
only from the ``numpy.random.Generator`` that is passed in.
"""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list


def shortest_distance(structure: Atoms, cutoff: float = 4.0) -> float:
    """Return the shortest interatomic distance, periodic images included.

    Parameters
    ----------
    structure
        Any cell and periodicity; an isolated structure needs no cell.
    cutoff
        Distances beyond this [Å] are not looked for.

    Returns
    -------
    float
        Distance [Å], or ``inf`` where no pair is closer than `cutoff`.
    """
    distances = neighbor_list("d", structure, cutoff=cutoff)
    return float(np.min(distances, initial=np.inf))


def rattle(structure: Atoms, stdev: float, rng: np.random.Generator) -> Atoms:
    """Displace every atom by a normal random vector.

    Parameters
    ----------
    structure
        Structure to displace.
    stdev
        Standard deviation of each Cartesian component [Å].
    rng
        Source of randomness.

    Returns
    -------
    Atoms
        The displaced copy.
    """
    rattled = structure.copy()
    rattled.positions += rng.normal(scale=stdev, size=(len(structure), 3))
    return rattled


def strain(structure: Atoms, magnitude: float, rng: np.random.Generator) -> Atoms:
    """Apply a random homogeneous symmetric strain to cell and positions.

    Only the periodic directions are strained: a slab keeps its vacuum.

    Parameters
    ----------
    structure
        Structure to deform; its cell must span the periodic directions.
    magnitude
        Each strain component is uniform in ±`magnitude` (dimensionless).
    rng
        Source of randomness.

    Returns
    -------
    Atoms
        The deformed copy.
    """
    components = rng.uniform(-magnitude, magnitude, size=(3, 3))
    symmetric = (components + components.T) / 2
    periodic = np.asarray(structure.pbc, dtype=bool)
    symmetric[~periodic, :] = 0.0
    symmetric[:, ~periodic] = 0.0
    deformation = np.eye(3) + symmetric
    strained = structure.copy()
    strained.set_cell(structure.cell.array @ deformation)
    strained.positions = structure.positions @ deformation
    return strained


def scale_volume(structure: Atoms, factor: float) -> Atoms:
    """Scale the volume uniformly, keeping fractional coordinates.

    Parameters
    ----------
    structure
        Structure periodic in three directions.
    factor
        New volume over old volume.

    Returns
    -------
    Atoms
        The scaled copy.
    """
    scaled = structure.copy()
    scaled.set_cell(structure.cell.array * factor ** (1 / 3), scale_atoms=True)
    return scaled


def vacancy(structure: Atoms, rng: np.random.Generator) -> Atoms:
    """Remove one atom chosen at random.

    Parameters
    ----------
    structure
        Structure of at least two atoms.
    rng
        Source of randomness.

    Returns
    -------
    Atoms
        The copy with one atom less.
    """
    defective = structure.copy()
    del defective[int(rng.integers(len(structure)))]
    return defective


def interstitial(
    structure: Atoms,
    symbol: str,
    min_distance: float,
    rng: np.random.Generator,
    max_attempts: int = 1000,
) -> Atoms | None:
    """Add one atom at a random place that keeps its distance from the others.

    Parameters
    ----------
    structure
        Structure with a cell.
    symbol
        Chemical symbol of the new atom.
    min_distance
        Least distance from the new atom to any other [Å].
    rng
        Source of randomness.
    max_attempts
        Number of places tried.

    Returns
    -------
    Atoms or None
        The copy with one atom more (the last one), or None where no place was found.
    """
    for _ in range(max_attempts):
        candidate = structure.copy()
        candidate.append(symbol)
        candidate.positions[-1] = rng.random(3) @ structure.cell.array
        first, distances = neighbor_list("id", candidate, cutoff=min_distance)
        if not np.any(distances[first == len(structure)] < min_distance):
            return candidate
    return None
