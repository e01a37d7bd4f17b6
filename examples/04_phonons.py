"""Phonons of silicon with phonopy (pip install phonopy).

python examples/04_phonons.py [si.pt] [--size 3]
"""

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms

from eippot import EippotCalculator

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
parser.add_argument("--size", type=int, default=2, help="cubic cells along each direction")
options = parser.parse_args()
calculator = EippotCalculator(options.model)

atoms = bulk("Si", a=5.46, cubic=True)
atoms.calc = calculator
BFGS(FrechetCellFilter(atoms, mask=[True] * 3 + [False] * 3), logfile=None).run(fmax=1e-4)

cell = PhonopyAtoms(
    symbols=atoms.get_chemical_symbols(),
    cell=atoms.cell.array,
    scaled_positions=atoms.get_scaled_positions(),
)
phonons = Phonopy(cell, supercell_matrix=np.eye(3) * options.size, primitive_matrix="F")
phonons.generate_displacements(distance=0.01)
forces = []
for displaced in phonons.supercells_with_displacements:
    supercell = Atoms(displaced.symbols, displaced.positions, cell=displaced.cell, pbc=True)
    supercell.calc = calculator
    forces.append(supercell.get_forces())
phonons.forces = forces
phonons.produce_force_constants()
phonons.symmetrize_force_constants()

points = {"Γ": (0, 0, 0), "X": (0.5, 0, 0.5), "L": (0.5, 0.5, 0.5)}
found = phonons.run_qpoints(list(points.values()))
for name, frequencies in zip(points, found.frequencies, strict=True):
    print(f"{name}: {' '.join(f'{f:.2f}' for f in frequencies)} THz")

phonons.run_mesh([10, 10, 10], is_gamma_center=True)
phonons.run_thermal_properties(t_min=300, t_max=300, t_step=1, exclude_gamma_acoustic=True)
heat_capacity = phonons.thermal_properties.heat_capacity[0]
print(f"heat capacity at 300 K: {heat_capacity / 2:.2f} J/K/mol of atoms")
phonons.save("phonopy.yaml")
