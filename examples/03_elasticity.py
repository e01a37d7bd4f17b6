"""Equation of state and elastic constants of silicon.

python examples/03_elasticity.py [si.pt]
"""

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.eos import EquationOfState
from ase.optimize import BFGS
from ase.units import GPa

from eippot import EippotCalculator

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
options = parser.parse_args()
calculator = EippotCalculator(options.model)
STRAIN = 0.005


def crystal(a: float) -> Atoms:
    """A cubic cell."""
    atoms = bulk("Si", a=a, cubic=True)
    atoms.calc = calculator
    return atoms


def stress(a: float, row: int, column: int, size: float) -> np.ndarray:
    """Stress [GPa] under one component of strain, with positions relaxed."""
    atoms = crystal(a)
    strain = np.zeros((3, 3))
    strain[row, column] += size / 2
    strain[column, row] += size / 2
    atoms.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    BFGS(atoms, logfile=None).run(fmax=1e-3, steps=100)
    return np.array(atoms.get_stress() / GPa)


structures = [crystal(a) for a in np.linspace(5.38, 5.56, 7)]
energies = [atoms.get_potential_energy() for atoms in structures]
volumes = [atoms.get_volume() for atoms in structures]
volume, _, bulk_modulus = EquationOfState(volumes, energies, eos="birchmurnaghan").fit()
a = volume ** (1 / 3)
print(f"lattice constant: {a:.4f} Å")
print(f"bulk modulus: {bulk_modulus / GPa:.1f} GPa")

stretched = (stress(a, 0, 0, STRAIN) - stress(a, 0, 0, -STRAIN)) / (2 * STRAIN)
sheared = (stress(a, 1, 2, STRAIN) - stress(a, 1, 2, -STRAIN)) / (2 * STRAIN)
print(f"C11, C12, C44: {stretched[0]:.1f}, {stretched[1]:.1f}, {sheared[3]:.1f} GPa")
print(f"(C11 + 2 C12)/3: {(stretched[0] + 2 * stretched[1]) / 3:.1f} GPa")
