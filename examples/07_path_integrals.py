"""Quantum nuclei: path integrals by i-PI, with forces through ASE (pip install ipi).

python examples/07_path_integrals.py [si.pt] [--beads 8] [--steps 100]
"""

import argparse
import os
import subprocess
import time
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.calculators.socketio import SocketClient
from ase.io import write

from eippot import EippotCalculator

INPUT = """<simulation verbosity="low">
  <output prefix="ipi"><properties stride="1" filename="out">
    [step, temperature{{kelvin}}, potential{{electronvolt}}, kinetic_cv{{electronvolt}}]
  </properties></output>
  <total_steps>{steps}</total_steps>
  <prng><seed>1</seed></prng>
  <ffsocket mode="unix" name="driver" pbc="false"><address>{address}</address></ffsocket>
  <system>
    <initialize nbeads="{beads}">
      <file mode="ase" units="ase">init.extxyz</file>
      <velocities mode="thermal" units="kelvin">300</velocities>
    </initialize>
    <forces><force forcefield="driver"/></forces>
    <ensemble><temperature units="kelvin">300</temperature></ensemble>
    <motion mode="dynamics"><dynamics mode="nvt">
      <timestep units="femtosecond">0.5</timestep>
      <thermostat mode="pile_g"><tau units="femtosecond">100</tau></thermostat>
    </dynamics></motion>
  </system>
</simulation>
"""

parser = argparse.ArgumentParser(description=__doc__)
shipped = Path(__file__).parent / "lammps" / "silicon.pt"
parser.add_argument("model", nargs="?", type=Path, default=shipped)
parser.add_argument("--beads", type=int, default=8)
parser.add_argument("--steps", type=int, default=100, help="of 0.5 fs")
options = parser.parse_args()

atoms = bulk("Si", a=5.46, cubic=True)
write("init.extxyz", atoms)
address = f"eippot-{os.getpid()}"
Path("input.xml").write_text(INPUT.format(address=address, **vars(options)))
atoms.calc = EippotCalculator(options.model)
with subprocess.Popen(["i-pi", "input.xml"]) as server:
    while not Path(f"/tmp/ipi_{address}").exists() and server.poll() is None:
        time.sleep(0.1)
    SocketClient(unixsocket=address).run(atoms)

kinetic = np.loadtxt("ipi.out")[:, 3]
classical = 1.5 * len(atoms) * 300 * 8.617e-5
print(f"kinetic energy: {kinetic[len(kinetic) // 2 :].mean():.3f} eV, classical {classical:.3f}")
