"""The demonstration runs from beginning to end (a few steps of it)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "silicon"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and output of a quick demonstration."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    options = ["--output", str(folder), "--labels", "40", "--pool", "30", "--quick"]
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py"), *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done.stdout


def test_it_ends_with_the_table_and_the_drifts(demo: tuple[Path, str]) -> None:
    folder, output = demo
    end = output[output.index("Mean absolute errors on the test structures") :]
    for strategy in ("baseline", "+LA", "+MP", "+MP anchored", "+MP taught"):
        assert strategy in end
    assert "eV/atom/ps" in end
    assert str(folder) in end


def test_ase_and_lammps_agree(demo: tuple[Path, str]) -> None:
    summary = json.loads((demo[0] / "summary.json").read_text())
    assert summary["md"]["force_difference"] < 1e-5


def test_figures_and_potentials_are_there(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    for name in ("energy.png", "errors/taught/parity.png", "taught.pt", "baseline.pt"):
        assert (folder / name).stat().st_size > 1000


def test_test_structures_are_not_trained_on(demo: tuple[Path, str]) -> None:
    from eippot.structures.io import read_structures
    from eippot.structures.splits import structure_hash

    folder, _ = demo
    seen = {structure_hash(a) for a in read_structures(folder / "augmented.extxyz")}
    test = {structure_hash(a) for a in read_structures(folder / "test.extxyz")}
    assert test
    assert not seen & test
