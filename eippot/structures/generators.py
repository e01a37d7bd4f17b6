"""Seeded generators of structures that start from nothing but a recipe.

Together with :mod:`eippot.structures.perturbations` these make the unlabelled pools that
empirical potentials are evaluated on. All of them work for any chemical species; what is
specific to a material (phases, lattice constants, proportions) lives with its example.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase import Atoms, units
from ase.build import surface
from ase.calculators.calculator import Calculator
from ase.md.langevin import Langevin

from eippot.structures.perturbations import shortest_distance


def slab(
    bulk: Atoms,
    miller: tuple[int, int, int],
    layers: int,
    vacuum: float,
) -> Atoms:
    """Cut a slab, periodic in x and y and open in z.

    Parameters
    ----------
    bulk
        Conventional cell, periodic in three directions.
    miller
        Miller indices of the surface.
    layers
        Number of repeats of the surface cell along its normal.
    vacuum
        Total empty space along z [Å]; the atoms sit in the middle of the cell.

    Returns
    -------
    Atoms
        Slab with ``pbc = (True, True, False)``.
    """
    cut = surface(bulk, miller, layers, vacuum=vacuum / 2)
    cut.pbc = (True, True, False)
    return cut


def cluster(
    symbols: Sequence[str],
    bond_lengths: tuple[float, float],
    rng: np.random.Generator,
    compactness: float = 0.5,
) -> Atoms:
    """Grow an isolated, non-overlapping cluster atom by atom.

    Each new atom is bonded in a random direction to a random earlier atom. Of a few such
    places, the one with the most neighbors is taken with probability `compactness`.

    Parameters
    ----------
    symbols
        Chemical symbols in the order of growth.
    bond_lengths
        Shortest and longest bond [Å]; no two atoms come closer than the shortest.
    rng
        Source of randomness.
    compactness
        0 gives ramified clusters and chains, 1 compact ones.

    Returns
    -------
    Atoms
        Cluster centered at the origin, without a cell and with no periodicity.
    """
    positions = np.zeros((1, 3))
    while len(positions) < len(symbols):
        trials = _bonded_places(positions, bond_lengths, rng)
        distances = np.linalg.norm(trials[:, None] - positions[None], axis=-1)  # (T, n)
        trials = trials[np.min(distances, axis=1) >= bond_lengths[0]]
        if len(trials) == 0:
            continue
        chosen = 0
        if rng.random() < compactness:
            chosen = int(np.argmin(np.linalg.norm(trials - positions.mean(axis=0), axis=1)))
        positions = np.vstack([positions, trials[chosen]])
    return Atoms(list(symbols), positions=positions - positions.mean(axis=0), pbc=False)


def _bonded_places(
    positions: np.ndarray,
    bond_lengths: tuple[float, float],
    rng: np.random.Generator,
    count: int = 12,
) -> np.ndarray:
    """Return `count` random places (count, 3) one bond away from random atoms."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(*bond_lengths, size=(count, 1))
    return positions[rng.integers(len(positions), size=count)] + lengths * directions


def random_packing(
    symbols: Sequence[str],
    volume_per_atom: float,
    min_distance: float,
    rng: np.random.Generator,
    max_attempts: int = 10_000,
) -> Atoms:
    """Place atoms at random in a periodic cube without overlap.

    Where the cube fills up, the distance asked for is lowered by 2 %, so that the function
    always ends.

    Parameters
    ----------
    symbols
        Chemical symbols.
    volume_per_atom
        Volume per atom [Å³].
    min_distance
        Least distance between atoms, periodic images included [Å].
    rng
        Source of randomness.
    max_attempts
        Number of failed placements after which the distance is lowered.

    Returns
    -------
    Atoms
        Cubic cell, periodic in three directions.
    """
    edge = (volume_per_atom * len(symbols)) ** (1 / 3)
    placed: list[np.ndarray] = []
    attempts = 0
    while len(placed) < len(symbols):
        place = rng.random(3) * edge
        difference = np.array(placed).reshape(-1, 3) - place
        difference -= edge * np.round(difference / edge)
        if np.all(np.linalg.norm(difference, axis=1) >= min_distance):
            placed.append(place)
        attempts += 1
        if attempts % max_attempts == 0:
            min_distance *= 0.98
    return Atoms(list(symbols), positions=placed, cell=[edge] * 3, pbc=True)


def molecular_dynamics(
    structure: Atoms,
    calculator: Calculator,
    temperatures: Sequence[float],
    steps_per_temperature: int,
    interval: int,
    rng: np.random.Generator,
    *,
    timestep: float = 2.0,
    friction: float = 0.02,
) -> Iterator[tuple[float, Atoms]]:
    """Run Langevin dynamics at fixed cell through a list of temperatures.

    A list that falls from the melt to room temperature is a melt-quench.

    Parameters
    ----------
    structure
        Starting structure.
    calculator
        Calculator that drives the dynamics.
    temperatures
        Temperatures passed through one after the other [K].
    steps_per_temperature
        Number of time steps at each temperature.
    interval
        Number of time steps between snapshots.
    rng
        Source of randomness: initial velocities and thermostat.
    timestep
        Time step [fs].
    friction
        Langevin friction [1/fs].

    Yields
    ------
    temperature
        Temperature of the thermostat [K].
    snapshot
        Copy of the structure, wrapped into its cell, without a calculator.
    """
    walker = structure.copy()
    walker.calc = calculator
    spread = np.sqrt(walker.get_masses() * units.kB * temperatures[0])  # (n,)
    walker.set_momenta(spread[:, None] * rng.standard_normal((len(walker), 3)))
    for temperature in temperatures:
        dynamics = Langevin(
            walker,
            timestep * units.fs,
            temperature_K=temperature,
            friction=friction / units.fs,
            fixcm=False,
            rng=rng,
        )
        for _ in range(steps_per_temperature // interval):
            dynamics.run(interval)
            yield temperature, _snapshot(walker)


def _snapshot(walker: Atoms) -> Atoms:
    """Return positions, cell and species of a walker, and nothing else."""
    snapshot = Atoms(walker.symbols, positions=walker.positions, cell=walker.cell, pbc=walker.pbc)
    snapshot.wrap()
    return snapshot


def has_no_overlap(structure: Atoms, min_distance: float) -> bool:
    """Tell whether all atoms keep their distance, periodic images included.

    Parameters
    ----------
    structure
        Structure to check.
    min_distance
        Least distance allowed [Å].

    Returns
    -------
    bool
        True where no pair is closer than `min_distance`.
    """
    return shortest_distance(structure, cutoff=min_distance + 0.1) >= min_distance
