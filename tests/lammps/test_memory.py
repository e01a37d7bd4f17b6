"""Each step computes in the memory of the step before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from tests.lammps.engine import SCRIPTS
from tests.lammps.many_body import ManyBody, write_model

SCRIPT: Final = """
units metal
lattice diamond 5.431
region box block 0 8 0 8 0 8
create_box 1 box
create_atoms 1 box
mass 1 28.0855
velocity all create 300 1
pair_style eippot
pair_coeff * * model.pt Si
fix 1 all nve
run {steps}
"""


def page_faults(folder: Path, steps: int) -> int:
    """Pages of memory that the kernel had to find for a run."""
    (folder / "in.lmp").write_text(SCRIPT.format(steps=steps))
    command = [str(SCRIPTS / "lmp"), "-log", "none", "-in", "in.lmp"]
    # a cluster of Dask, started by another test, leaves MALLOC_TRIM_THRESHOLD_ behind
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL) as process:
        _, process.returncode, usage = os.wait4(process.pid, 0)
    assert process.returncode == 0
    return usage.ru_minflt


def test_steps_need_no_new_memory(tmp_path: Path) -> None:
    write_model(tmp_path / "model.pt", ManyBody())
    each = (page_faults(tmp_path, 30) - page_faults(tmp_path, 10)) / 20
    assert each < 500  # a step has some 10,000 pages
