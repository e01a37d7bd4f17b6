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
from tests.lammps.engine import single_point, write_structure
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
