"""A committee in LAMMPS: its mean, in one file, as in ASE."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.config.model import SchNetConfig
from eippot.stages import export
from tests.lammps.engine import SET_UP, printed, single_point, succeed, write_structure
from tests.lammps.test_exported_schnet import in_ase
from tests.lammps.test_single_point import SILICON, assert_equal, bulk216, triclinic
from tests.networks import save_run

SILICON_RUN: Final[dict[str, Any]] = {"species": ["Si"], "reference_energies": {"Si": -100.0}}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("structure", [bulk216, triclinic])
def test_lammps_equals_ase(tmp_path: Path, structure: object, precision: str) -> None:
    """Two runs, one of them with two heads."""
    assert callable(structure)
    atoms = structure()
    runs = (
        save_run(tmp_path / "a", model=SchNetConfig(channels=16), **SILICON_RUN),
        save_run(
            tmp_path / "b", 1, model=SchNetConfig(channels=8), outputs=["1", "2"], **SILICON_RUN
        ),
    )
    config = {"runs": runs, "output": tmp_path / "model.pt", "precision": precision}
    assert export.run(ExportConfig.model_validate(config)).metadata.n_members == 3
    write_structure(tmp_path, atoms, ("Si",))
    ours = single_point(tmp_path, atoms, SILICON)
    assert np.abs(ours.forces).max() > 0.01
    assert_equal(ours, in_ase(EippotCalculator(tmp_path / "model.pt"), atoms), precision)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_the_spread_is_that_of_ase(tmp_path: Path, ranks: int) -> None:
    """Read by ``fix pair``, every second step."""
    atoms = bulk216()
    members = [
        save_run(tmp_path / str(seed), seed, model=SchNetConfig(channels=8), **SILICON_RUN)
        for seed in range(3)
    ]
    config = {"runs": members, "output": tmp_path / "model.pt", "precision": "float64"}
    export.run(ExportConfig.model_validate(config))
    write_structure(tmp_path, atoms, ("Si",))
    script = (
        SET_UP.format(boundary="p p p")
        + SILICON
        + """
velocity all create 300 1 loop geom
fix 1 all nve
fix spread all pair 2 eippot energy_std 1 force_std 1
compute largest all reduce max f_spread[2]
thermo_style custom step pe c_largest
thermo 2
run 2
print "LARGEST $(c_largest:%.17g)"
write_dump all custom spread.txt id xu yu zu f_spread[1] f_spread[2] modify sort id &
    format float %.17g
"""
    )
    largest = printed(succeed(tmp_path, script, ranks=ranks), "LARGEST")[0]
    table = np.loadtxt(tmp_path / "spread.txt", skiprows=9)
    atoms.positions = table[:, 1:4]
    calculator = EippotCalculator(tmp_path / "model.pt")
    energies = calculator.get_property("energies_std", atoms)
    forces = np.linalg.norm(calculator.get_property("forces_std", atoms), axis=1)
    assert forces.max() > 0.01
    np.testing.assert_allclose(table[:, 4], energies, rtol=0, atol=1e-8)
    np.testing.assert_allclose(table[:, 5], forces, rtol=0, atol=1e-8)
    assert largest == pytest.approx(forces.max(), abs=1e-8)
