"""A SchNet written by eippot's own export: LAMMPS and the ASE calculator agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms

from eippot.config.model import SchNetConfig
from eippot.conventions import stress_from_ase_voigt, stress_to_virial
from eippot.deployment.calculator import EippotCalculator
from eippot.deployment.files import write_exported
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.testing.exporting import exported_model
from tests.lammps.brute_force import Result
from tests.lammps.engine import SET_UP, printed, single_point, succeed, write_structure
from tests.lammps.test_single_point import SILICON, assert_equal, bulk216, triclinic, two_atoms


def export(path: Path, dtype: str) -> Path:
    """Random weights, scaled so that forces are tenths of eV/Å."""
    torch.manual_seed(5)
    representation = build_representation(SchNetConfig(channels=32), 1, 28.0)
    potential = Potential(representation, 1, 1, scale=20.0).to(getattr(torch, dtype))
    write_exported(*exported_model([potential], "schnet", reference_energies={"Si": -100.0}), path)
    return path


def in_ase(calculator: EippotCalculator, atoms: Atoms) -> Result:
    atoms = atoms.copy()
    atoms.calc = calculator
    stress = stress_from_ase_voigt(atoms.get_stress())
    return Result(
        atoms.get_potential_energy(),
        atoms.get_potential_energies(),
        atoms.get_forces(),
        stress_to_virial(stress, atoms.get_volume()),
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("structure", [bulk216, triclinic, two_atoms])
def test_lammps_equals_ase(tmp_path: Path, structure: object, dtype: str) -> None:
    assert callable(structure)
    atoms = structure()
    model = export(tmp_path / "model.pt", dtype)
    write_structure(tmp_path, atoms, ("Si",))
    ours = single_point(tmp_path, atoms, SILICON)
    assert np.abs(ours.forces).max() > 0.01
    assert_equal(ours, in_ase(EippotCalculator(model), atoms), dtype)


def test_energy_is_conserved_in_float32(tmp_path: Path, silicon64: Atoms) -> None:
    export(tmp_path / "model.pt", "float32")
    write_structure(tmp_path, silicon64, ("Si",))
    script = (
        SET_UP.format(boundary="p p p")
        + SILICON
        + """
minimize 0 1e-3 100 1000
velocity all create 600 12345
fix 1 all nve
variable total equal etotal/atoms
fix 2 all print 10 "TOTAL ${total}" file totals.txt screen no title ""
run 500
print "RESULT $(temp)"
"""
    )
    assert printed(succeed(tmp_path, script))[0] > 50
    totals = np.loadtxt(tmp_path / "totals.txt", usecols=1)
    drift = np.polyfit(np.arange(len(totals)) * 0.01, totals, 1)[0]
    assert abs(drift) < 1e-5  # eV/atom/ps
