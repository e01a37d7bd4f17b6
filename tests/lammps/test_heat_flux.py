"""The heat flux of a cluster is the velocity of its energy's center of gravity."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from ase import Atoms

from tests.lammps.engine import SET_UP, succeed, write_structure
from tests.lammps.many_body import ManyBody, write_model
from tests.lammps.test_single_point import SILICON

STEP: Final = 2e-6  # ps

SCRIPT: Final = f"""
velocity all create 2000 5 loop geom
fix 1 all nve
timestep {STEP}
compute kinetic all ke/atom
compute potential all pe/atom
compute virial all centroid/stress/atom NULL virial
compute flux all heat/flux kinetic potential virial
variable x atom x*(c_kinetic+c_potential)
variable y atom y*(c_kinetic+c_potential)
variable z atom z*(c_kinetic+c_potential)
compute center all reduce sum v_x v_y v_z
thermo_style custom step c_center[*] c_flux[*]
thermo 1
fix 2 all print 1 "$(c_center[1]:%.17g) $(c_center[2]:%.17g) $(c_center[3]:%.17g) &
$(c_flux[1]:%.17g) $(c_flux[2]:%.17g) $(c_flux[3]:%.17g)" file flux.txt screen no title ""
run 2
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_centroid_virials_give_the_heat_flux(tmp_path: Path, ranks: int) -> None:
    """Where each energy depends on the atom's own edges only."""
    write_model(tmp_path / "model.pt", ManyBody(message=0.0))
    atoms = Atoms("Si7", positions=10.0 + 3.0 * np.random.default_rng(3).random((7, 3)))
    atoms.set_cell([25.0, 25.0, 25.0])
    write_structure(tmp_path, atoms, ("Si",))
    succeed(tmp_path, SET_UP.format(boundary="f f f") + SILICON + SCRIPT, ranks=ranks)
    table = np.loadtxt(tmp_path / "flux.txt")
    velocity = (table[2, :3] - table[0, :3]) / (2 * STEP)
    assert np.abs(velocity).max() > 1.0
    np.testing.assert_allclose(table[1, 3:], velocity, rtol=0, atol=1e-5 * np.abs(velocity).max())
