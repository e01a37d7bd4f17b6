"""What all contestants compute: crystals of silicon, rattled; and MD of them in ASE."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

LATTICE_CONSTANT: Final = 5.431
CUTOFF: Final = 5.0
#: within the cutoff.
NEIGHBORS: Final = 28.0
ATOMS_PER_CELL: Final = 8
#: standard deviation of displacements from the sites [Å].
RATTLE: Final = 0.05
#: energy per atom [eV] and spring constant [eV/Å²] of what is learned.
COHESION: Final = -4.6
SPRING: Final = 8.0
TEMPERATURE: Final = 300.0
#: steps of MD between two starts from the same positions and velocities.
MOST_STEPS: Final = 100
WARM_UP: Final = 2


def sites(n_atoms: int) -> Atoms:
    """A cube of so many atoms, in their places."""
    cells = round((n_atoms / ATOMS_PER_CELL) ** (1 / 3))
    atoms = bulk("Si", a=LATTICE_CONSTANT, cubic=True) * (cells, cells, cells)
    assert len(atoms) == n_atoms, f"{n_atoms} atoms are no cube of cells"
    return atoms


def crystal(n_atoms: int, seed: int = 0) -> Atoms:
    """A rattled cube of so many atoms."""
    atoms = sites(n_atoms)
    atoms.rattle(RATTLE, seed=seed)
    return atoms


def labelled_crystals(n_structures: int, n_atoms: int) -> list[Atoms]:
    """Rattled crystals with energies and forces to learn: those of springs to the sites."""
    found = []
    for seed in range(n_structures):
        atoms = crystal(n_atoms, seed)
        away = atoms.positions - sites(n_atoms).positions
        energy = COHESION * n_atoms + 0.5 * SPRING * float((away**2).sum())
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=-SPRING * away)
        found.append(atoms)
    return found


def md_in_ase(calculator: Calculator, setting: dict[str, Any]) -> Callable[[float], float]:
    """Warm a calculator up; how to measure NVE with it then [µs per atom and step].

    Measured is all that a step takes, in ASE and in the calculator; from time to time the atoms are
    set back to where they started, since random weights do not hold a crystal together.
    """
    atoms = crystal(setting["atoms"])
    MaxwellBoltzmannDistribution(atoms, temperature_K=TEMPERATURE, rng=np.random.default_rng(0))
    atoms.calc = calculator
    positions, velocities = atoms.get_positions(), atoms.get_velocities()
    dynamics = VelocityVerlet(atoms, units.fs)
    dynamics.run(WARM_UP)
    since_start = WARM_UP

    def measure(seconds: float) -> float:
        nonlocal since_start
        if since_start >= MOST_STEPS:
            atoms.set_positions(positions)
            atoms.set_velocities(velocities)
            atoms.get_forces()
            since_start = 0
        began, steps = time.perf_counter(), 0
        while since_start < MOST_STEPS and (steps == 0 or time.perf_counter() - began < seconds):
            dynamics.run(1)
            steps += 1
            since_start += 1
        return 1e6 * (time.perf_counter() - began) / steps / len(atoms)

    return measure
