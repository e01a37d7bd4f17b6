"""Relaxes positions and cell of a distorted silicon crystal.

python examples/01_relaxation.py [si.pt]
"""

import argparse
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.filters import FrechetCellFilter
from ase.io import write
from ase.optimize import BFGS
from ase.units import GPa

from eippot import EippotCalculator

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
options = parser.parse_args()

atoms = bulk("Si", a=5.6, cubic=True)
atoms.rattle(0.1, seed=0)
atoms.set_cell(atoms.cell @ np.diag([1.0, 1.02, 0.98]), scale_atoms=True)
atoms.calc = EippotCalculator(options.model)

BFGS(FrechetCellFilter(atoms)).run(fmax=0.01, steps=200)

write("relaxed.extxyz", atoms)
print(f"lattice constant: {atoms.cell.lengths().mean():.4f} Å")
print(f"energy: {atoms.get_potential_energy() / len(atoms):.4f} eV/atom")
print(f"largest stress: {np.abs(atoms.get_stress()).max() / GPa:.4f} GPa")
