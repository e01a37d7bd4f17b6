"""The library, built once per session with warnings as errors."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eippot.kernels.schnet import SchNetEngine
from eippot.models.potential import Potential

BINS = 1024
SOURCES = Path(__file__).resolve().parents[2] / "eippot" / "kernels"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cmake") is None or shutil.which("c++") is None:
        pytest.skip("needs cmake and a C++ compiler")
    folder = tmp_path_factory.mktemp("kernels")
    configure = ["cmake", "-S", str(SOURCES), "-B", str(folder)]
    for command in (
        [*configure, "-D", "EIPPOT_WARNINGS_AS_ERRORS=ON"],
        ["cmake", "--build", str(folder), "--parallel", "2"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "libeippot_kernels.so"


@dataclass
class Case:
    """A potential, the same with tables, and the engine of the latter."""

    potential: Potential
    tabulated: Potential
    engine: SchNetEngine


@pytest.fixture(scope="session")
def build(library: Path) -> Any:
    def case(potential: Potential, **options: Any) -> Case:
        tabulated = potential.tabulated(BINS)
        options = {"isolated_energies": [0.0] * potential.n_species, **options}
        return Case(potential, tabulated, SchNetEngine(library, tabulated, **options))

    return case
