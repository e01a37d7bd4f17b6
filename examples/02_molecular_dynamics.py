"""Silicon at 300 K: first at constant volume, then at constant pressure.

python examples/02_molecular_dynamics.py [si.pt] [--steps 2000]
"""

import argparse
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.io.trajectory import Trajectory
from ase.md.langevin import Langevin
from ase.md.nose_hoover_chain import IsotropicMTKNPT
from ase.md.velocitydistribution import thermalize_momenta
from ase.units import bar, fs

from eippot import EippotCalculator

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
parser.add_argument("--steps", type=int, default=1000, help="of 1 fs, of each kind")
options = parser.parse_args()
TEMPERATURE = 300.0

atoms = bulk("Si", a=5.46, cubic=True).repeat(2)
atoms.calc = EippotCalculator(options.model)
thermalize_momenta(atoms, temperature_K=TEMPERATURE, rng=np.random.default_rng(0))

# Langevin's thermostat is sound for crystals; total momentum is left free
nvt = Langevin(
    atoms, 1 * fs, temperature_K=TEMPERATURE, friction=0.01 / fs, fixcm=False,
    rng=np.random.default_rng(1),
)  # fmt: skip
nvt.run(options.steps)
print(f"constant volume: {atoms.get_temperature():.0f} K")

npt = IsotropicMTKNPT(
    atoms, 1 * fs, temperature_K=TEMPERATURE, pressure_au=1 * bar, tdamp=100 * fs, pdamp=1000 * fs
)
lengths: list[float] = []
npt.attach(lambda: lengths.append(atoms.cell.lengths().mean() / 2))
with Trajectory("npt.traj", "w", atoms) as trajectory:
    npt.attach(trajectory.write, interval=10)
    npt.run(options.steps)
half = len(lengths) // 2
print(f"constant pressure: {atoms.get_temperature():.0f} K")
print(f"lattice constant: {np.mean(lengths[half:]):.3f} Å, mean over the second half")
