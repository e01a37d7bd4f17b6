"""An atom of silicon jumps into a vacancy: nudged elastic band.

python examples/05_vacancy_migration.py [si.pt] [--images 5] [--steps 100]
"""

import argparse
from pathlib import Path

from ase.build import bulk
from ase.io import write
from ase.mep import NEB, NEBTools
from ase.optimize import BFGS

from eippot import EippotCalculator

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
parser.add_argument(
    "--images", type=int, default=5, help="between the ends; three miss the barrier"
)
parser.add_argument("--steps", type=int, default=100, help="at most, of the band")
options = parser.parse_args()

crystal = bulk("Si", a=5.46, cubic=True).repeat(2)
vacancy, jumping = 0, 1  # neighbors
places = crystal.positions.copy()
initial = crystal.copy()
del initial[vacancy]
final = initial.copy()
final.positions[jumping - 1] = places[vacancy]

for end in (initial, final):
    end.calc = EippotCalculator(options.model)
    BFGS(end, logfile=None).run(fmax=0.02, steps=100)
images = [initial, *(initial.copy() for _ in range(options.images)), final]
for image in images[1:-1]:
    image.calc = EippotCalculator(options.model)  # each keeps the neighbor list of its image
band = NEB(images, climb=True, method="improvedtangent")
band.interpolate("idpp", mic=True)
converged = BFGS(band).run(fmax=0.05, steps=options.steps)

write("band.extxyz", images)
barrier, difference = NEBTools(images).get_barrier()
print(f"barrier: {barrier:.3f} eV{'' if converged else ', not converged'}")
print(f"energy difference: {difference:.3f} eV")
