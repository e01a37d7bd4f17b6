"""Many runs at once: pressure of silicon, by volume (pip install 'eippot[torch-sim]').

python examples/08_batches.py [si.pt] [--steps 200] [--device cuda]
"""

import argparse
import warnings
from pathlib import Path

from ase.build import bulk
from ase.units import GPa

from eippot import EippotTorchSimModel

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript, which torch-sim uses
    import torch_sim

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
parser.add_argument("--steps", type=int, default=200, help="of 1 fs")
parser.add_argument("--device", default="cpu")
options = parser.parse_args()
LATTICE_CONSTANTS = [5.36, 5.41, 5.46, 5.51, 5.56]

model = EippotTorchSimModel(options.model, device=options.device)
state = torch_sim.integrate(
    system=[bulk("Si", a=a, cubic=True) for a in LATTICE_CONSTANTS],
    model=model,
    integrator=torch_sim.nvt_langevin,
    n_steps=options.steps,
    temperature=300.0,
    timestep=0.001,  # ps
)
pressures = -model(state)["stress"].diagonal(dim1=1, dim2=2).mean(dim=1) / GPa
for a, energy, pressure in zip(LATTICE_CONSTANTS, state.energy, pressures, strict=True):
    print(f"{a:.2f} Å: {float(energy) / 8:.3f} eV/atom, {float(pressure):.1f} GPa at the end")
