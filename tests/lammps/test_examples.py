"""The input scripts of ``examples/lammps`` run, for a few steps, with the model beside them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.docs.markdown import ROOT
from tests.lammps.engine import run

EXAMPLES: Final = ROOT / "examples" / "lammps"
BARRIER: Final = 6  # column of LAMMPS' table for the nudged elastic band


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, tmp_path / "lammps"))


def start(folder: Path, name: str, *arguments: str, ranks: int = 1) -> str:
    script = (folder / name).read_text()
    output = run(folder, script, ranks=ranks, arguments=arguments)
    assert output.endswith("exit code 0"), output
    return output


def test_constant_pressure(folder: Path) -> None:
    output = start(folder, "in.npt", "-var", "steps", "200", ranks=2)
    (line,) = (line for line in output.splitlines() if line.startswith("lattice constant:"))
    assert float(line.split()[2]) == pytest.approx(5.46, abs=0.1)


def test_nudged_elastic_band(folder: Path) -> None:
    output = start(folder, "in.neb", "-var", "steps", "10", "-partition", "5x1", ranks=5)
    assert "Climbing replica" in output
    last = [line.split() for line in output.splitlines() if line.strip()[:1].isdigit()][-1]
    assert 0.0 < float(last[BARRIER]) < 5.0


def test_thermal_conductivity(folder: Path) -> None:
    output = start(folder, "in.conductivity", "-var", "steps", "100", "-var", "window", "10")
    (line,) = (line for line in output.splitlines() if line.startswith("thermal conductivity:"))
    assert np.isfinite(float(line.split()[2]))


def test_every_script_is_tried() -> None:
    tried = {"in.npt", "in.neb", "in.conductivity"}
    assert {path.name for path in EXAMPLES.glob("in.*")} == tried
