"""Writes an input of LAMMPS for silicon at constant pressure, and runs it.

python examples/06_lammps.py [si.pt] [--steps 1000]
"""

import argparse
import subprocess
from pathlib import Path

from ase.build import bulk
from ase.io import write

INPUT = """
units         metal
read_data     structure.data
pair_style    eippot
pair_coeff    * * {model} Si        # the model, then the element of each atom type
velocity      all create 600 12345
fix           1 all npt temp 300 300 0.1 iso 0 0 1.0
timestep      0.001
thermo_style  custom step temp press vol etotal
thermo        {every}
run           {steps}
variable      a equal (8*vol/atoms)^(1/3)
print         "lattice constant: $(v_a:%.3f) Angstrom"
"""

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
parser.add_argument("--steps", type=int, default=1000, help="of 1 fs")
options = parser.parse_args()

atoms = bulk("Si", a=5.46, cubic=True).repeat(2)
write("structure.data", atoms, format="lammps-data", masses=True)
script = INPUT.format(
    model=options.model.resolve(), steps=options.steps, every=max(options.steps // 10, 1)
)
Path("in.lammps").write_text(script)
subprocess.run(["lmp", "-in", "in.lammps"], check=True)
