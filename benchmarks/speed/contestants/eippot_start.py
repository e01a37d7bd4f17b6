"""eippot: its neighbor lists, and how long it takes to start."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.speed.contestants.eippot_md import exported
from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, crystal
from benchmarks.speed.timing import timed
from eippot.graphs.neighbors import neighbor_list

#: from the start of Python to the end of the first step of MD.
FIRST_STEP: Final = """
from ase import units
from ase.build import bulk
from ase.md.verlet import VelocityVerlet
from eippot import EippotCalculator
atoms = bulk("Si", cubic=True) * (2, 2, 2)
atoms.rattle(0.05, seed=0)
atoms.calc = EippotCalculator({model!r})
VelocityVerlet(atoms, units.fs).run(1)
"""


def neighbors(setting: Setting) -> Prepared:
    """Neighbor list [µs per atom]."""
    atoms = crystal(setting["atoms"])
    return Prepared(timed(lambda: neighbor_list(atoms, CUTOFF), len(atoms)))


def command_line(setting: Setting) -> Prepared:
    """``eippot --help`` [s]."""
    program = str(Path(sys.executable).with_name("eippot"))
    return Prepared(lambda seconds: _seconds([program, "--help"]))


def first_step(setting: Setting) -> Prepared:
    """First step of MD in ASE, in a new process [s]."""
    path, _, _ = exported(setting, Path(tempfile.mkdtemp()), setting["compress"])
    script = FIRST_STEP.format(model=str(path))
    return Prepared(lambda seconds: _seconds([sys.executable, "-c", script]))


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


KINDS: Kinds = {"neighbors": neighbors, "command line": command_line, "first step": first_step}
