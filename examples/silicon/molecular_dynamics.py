"""The same molecular dynamics in ASE and in LAMMPS: energy conservation, and equal forces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.io.lammpsdata import write_lammps_data
from ase.md.velocitydistribution import (
    MaxwellBoltzmannDistribution,
    Stationary,
)
from ase.md.verlet import VelocityVerlet

from eippot import EippotCalculator

STEPS = 5000
"""Steps of 1 fs."""

EVERY = 10
"""Steps between two points of the energy curve."""

INPUT = """units           metal
atom_style      atomic
read_data       start.data
pair_style      eippot
pair_coeff      * * {model} Si
fix             1 all nve
timestep        0.001
thermo          {every}
thermo_style    custom step temp pe ke etotal
thermo_modify   format float %.12g
dump            1 all custom {steps} forces.dump id fx fy fz
dump_modify     1 sort id format float %.12g
fix             2 all print {every} "$(step) $(etotal:%.12g)" file energy.txt screen no
run             {steps}
"""


@dataclass(frozen=True)
class Conservation:
    """Total energy along a trajectory.

    Attributes
    ----------
    times
        ``(k,)`` [ps].
    energies
        ``(k,)`` [eV/atom], relative to the first one.
    drift
        Slope of a straight line through them [eV/atom/ps].
    """

    times: np.ndarray
    energies: np.ndarray
    drift: float


def start() -> Atoms:
    """64 atoms of diamond silicon; half of the kinetic energy will become potential energy."""
    atoms = bulk("Si", cubic=True) * 2
    MaxwellBoltzmannDistribution(atoms, temperature_K=600, rng=np.random.default_rng(0))
    Stationary(atoms)
    return atoms


def run_ase(model: Path, steps: int = STEPS) -> tuple[Conservation, np.ndarray]:
    """NVE in ASE; also returns the forces ``(64, 3)`` [eV/Å] at the start."""
    atoms = start()
    atoms.calc = EippotCalculator(model)
    forces = atoms.get_forces()
    dynamics = VelocityVerlet(atoms, timestep=1.0 * units.fs)
    energies: list[float] = []
    dynamics.attach(lambda: energies.append(atoms.get_total_energy()), interval=EVERY)
    dynamics.attach(_report(dynamics, steps), interval=max(steps // 10, 1))
    dynamics.run(steps)
    return conservation(0.001 * EVERY * np.arange(len(energies)), np.array(energies)), forces


def write_lammps_input(folder: Path, model: Path, steps: int = STEPS) -> None:
    """Write ``start.data`` and ``in.lammps``, the same run for LAMMPS."""
    write_lammps_data(
        folder / "start.data",
        start(),
        masses=True,
        velocities=True,
        units="metal",
        atom_style="atomic",
    )
    (folder / "in.lammps").write_text(INPUT.format(model=model, every=EVERY, steps=steps))


def read_lammps(folder: Path) -> tuple[Conservation, np.ndarray]:
    """Read what LAMMPS wrote; also returns the forces ``(64, 3)`` [eV/Å] at the start."""
    table = np.loadtxt(folder / "energy.txt")
    lines = (folder / "forces.dump").read_text().splitlines()
    forces = np.array([line.split()[1:] for line in lines[9 : 9 + len(start())]], dtype=float)
    return conservation(0.001 * table[:, 0], table[:, 1]), forces


def conservation(times: np.ndarray, energies: np.ndarray) -> Conservation:
    """Total energies [eV] of the 64 atoms at times [ps], as a curve and a drift."""
    per_atom = (energies - energies[0]) / len(start())
    return Conservation(times, per_atom, float(np.polyfit(times, per_atom, 1)[0]))


def plot_conservation(curves: dict[str, Conservation], path: Path) -> None:
    """Draw the total energy over time, one panel for each engine."""
    figure, axes = plt.subplots(1, len(curves), figsize=(9, 3.5), sharey=True, layout="constrained")
    for axis, (engine, curve) in zip(np.atleast_1d(axes), curves.items(), strict=True):
        axis.plot(curve.times, 1000 * curve.energies, linewidth=0.7)
        axis.set_title(f"{engine}: drift {curve.drift:.1e} eV/atom/ps", fontsize=10)
        axis.set_xlabel("time [ps]")
    np.atleast_1d(axes)[0].set_ylabel("total energy − start [meV/atom]")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _report(dynamics: VelocityVerlet, steps: int) -> Callable[[], None]:
    return lambda: print(f"  step {dynamics.nsteps} of {steps}", flush=True)
