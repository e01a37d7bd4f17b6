"""A compressed model in LAMMPS, where an engine of its own runs it: what it is in ASE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.stages import export
from tests.lammps.engine import SET_UP, run, single_point, succeed, write_structure
from tests.lammps.test_exported_schnet import in_ase
from tests.lammps.test_ranks import STRUCTURES, TYPES
from tests.lammps.test_single_point import assert_equal
from tests.networks import save_run

PAIR = "pair_style eippot\npair_coeff * * model.pt Si C\n"


def compressed(folder: Path, precision: str = "float64") -> Path:
    """``model.pt`` of C and Si with random weights; forces of about 1 eV/Å."""
    config = {
        "runs": [save_run(folder / "run", scale=10.0)],
        "output": folder / "model.pt",
        "precision": precision,
        "compress": True,
    }
    export.run(ExportConfig.model_validate(config))
    return folder / "model.pt"


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_lammps_equals_ase(tmp_path: Path, precision: str) -> None:
    """Many ranks and other cells: test_ranks.py."""
    model = compressed(tmp_path, precision)
    atoms = STRUCTURES["triclinic"]()
    write_structure(tmp_path, atoms, TYPES)
    found = single_point(tmp_path, atoms, PAIR)
    assert np.abs(found.forces).max() > 0.01
    assert_equal(found, in_ase(EippotCalculator(model), atoms), precision)


def test_it_is_the_engine_that_runs(tmp_path: Path) -> None:
    compressed(tmp_path)
    write_structure(tmp_path, STRUCTURES["bulk"](), TYPES)
    output = succeed(tmp_path, SET_UP.format(boundary="p p p") + PAIR + "run 0\n")
    assert "float64, on cpu, 1 thread(s), compressed" in output


def test_threads_and_newton_do_not_matter(tmp_path: Path) -> None:
    compressed(tmp_path)
    atoms = STRUCTURES["bulk"]()
    write_structure(tmp_path, atoms, TYPES)
    expected = single_point(tmp_path, atoms, PAIR)
    two = single_point(tmp_path, atoms, PAIR, environment={"OMP_NUM_THREADS": "2"})
    np.testing.assert_array_equal(two.forces, expected.forces)
    assert two.energy == expected.energy
    for ranks in (1, 2):
        script = "newton off\n" + SET_UP.format(boundary="p p p") + PAIR
        script += (
            "run 0\nwrite_dump all custom f.txt id fx fy fz modify sort id format float %.17g\n"
        )
        succeed(tmp_path, script, ranks=ranks)
        forces = np.loadtxt(tmp_path / "f.txt", skiprows=9)[:, 1:]
        np.testing.assert_allclose(forces, expected.forces, rtol=0, atol=1e-12)


def test_centroid_virials_are_refused(tmp_path: Path) -> None:
    compressed(tmp_path)
    write_structure(tmp_path, STRUCTURES["bulk"](), TYPES)
    script = SET_UP.format(boundary="p p p") + PAIR
    script += "compute c all centroid/stress/atom NULL\ndump 1 all custom 1 d.txt c_c[1]\nrun 0\n"
    output = run(tmp_path, script)
    assert "does not support compute centroid/stress/atom" in output
    assert not output.endswith("exit code 0")
