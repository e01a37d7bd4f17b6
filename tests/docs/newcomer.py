"""Does what a reader would do: runs the shown commands, one after the other, in one folder."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from ase import Atoms
from ase.build import bulk
from eippot_cli.main import app
from typer.testing import CliRunner

from eippot.conventions import stress_to_ase_voigt
from eippot.eips.source import open_potential, parse_source
from eippot.structures.io import write_structures
from eippot.testing.__main__ import main as check_architectures
from tests.docs.markdown import ROOT
from tests.eips.evaluating import evaluate
from tests.lammps.engine import run as run_lammps

#: stands for DFT: real enough to train on, quick, and in need of no other program.
TRUTH: Final = "matscipy:StillingerWeber?set=Stillinger_Weber_PRB_31_5262_Si"
ISOLATED_ENERGY: Final = -100.0

#: every configuration that a template gives is made small before it is used; a classifier needs
#: some steps before it chooses an EIP at all.
SMALL: Final = {
    "steps": 100,
    "channels": 4,
    "n_max": 2,
    "l_max": 1,
}


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    ok: bool
    output: str


def write_data(folder: Path, n_labelled: int = 13) -> None:
    """Write ``structures.extxyz``, most of it labelled, and ``test.extxyz``."""
    atom = Atoms("Si", info={"REF_energy": ISOLATED_ENERGY})
    labelled = [_crystal(seed, labelled=True) for seed in range(n_labelled)]
    pool = [_crystal(seed, labelled=False) for seed in range(100, 108)]
    write_structures(folder / "structures.extxyz", [atom, *labelled, *pool])
    test = [_crystal(seed, labelled=True) for seed in range(200, 203)]
    write_structures(folder / "test.extxyz", test)


def run(line: str, folder: Path) -> Result:
    """Run, or where that would change the machine check, one shown command.

    Raises
    ------
    AssertionError
        Nothing is known about such a command: a reader could not trust it.
    """
    words = shlex.split(line)
    program = words[0].removeprefix(".venv/bin/")
    assert program in _PROGRAMS, f"no test knows how to check `{line}`"
    return _PROGRAMS[program](words[1:], folder)


def invoke(arguments: list[str]) -> Result:
    """Run eippot in this process."""
    done = CliRunner().invoke(app, arguments)
    return Result(done.exit_code == 0, f"{done.output}{done.exception or ''}")


def _eippot(words: list[str], folder: Path) -> Result:
    if ">" not in words:
        return invoke(words)
    arguments, (_, file) = words[: words.index(">")], words[words.index(">") :]
    result = invoke(arguments)
    (folder / file).write_text(made_small(result.output))
    return result


def made_small(configuration: str) -> str:
    """A configuration whose training is over at once."""
    for name, value in SMALL.items():
        configuration = re.sub(rf"\b{name}: \d+", f"{name}: {value}", configuration)
    return configuration


def _python(words: list[str], folder: Path) -> Result:
    assert words[:2] == ["-m", "eippot.testing"]
    with redirect_stdout(io.StringIO()) as output:
        failed = check_architectures(words[2:])
    return Result(not failed, output.getvalue())


def _export(words: list[str], folder: Path) -> Result:
    """Python's path was set before, for this process."""
    return Result(words == ["PYTHONPATH=."] and str(folder) in sys.path, "")


def _make(words: list[str], folder: Path) -> Result:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    return Result(set(words) <= set(targets), f"targets: {targets}")


def _pip(words: list[str], folder: Path) -> Result:
    project = (ROOT / "pyproject.toml").read_text()
    extras = re.findall(
        r"^([\w-]+) = \[", project.split("[project.optional-dependencies]")[1], re.M
    )
    (asked,) = re.findall(r"^\.\[([\w,-]+)\]$", words[-1])
    return Result(set(asked.split(",")) <= set(extras), f"extras: {extras}")


def _sudo(words: list[str], folder: Path) -> Result:
    """Packages by hand are those that the set-up installs."""
    installed = set(re.findall(r"[\w+-]+", (ROOT / ".ci" / "setup").read_text()))
    assert words[:2] == ["apt", "install"]
    return Result(set(words[2:]) <= installed, f"unknown: {set(words[2:]) - installed}")


def _lmp(words: list[str], folder: Path) -> Result:
    """Examples are run; the script that the page shows has a test of its own."""
    if words == ["-in", "in.lmp"]:
        return Result(True, "")
    assert words[0] == "-in"
    assert words[2:4] == ["-var", "model"]
    script, model = (ROOT / word for word in (words[1], words[4]))
    output = run_lammps(folder, script.read_text(), arguments=("-var", "model", str(model)))
    return Result(output.endswith("exit code 0"), output)


def _mpirun(words: list[str], folder: Path) -> Result:
    """What runs on several ranks is tested with LAMMPS."""
    return Result(words[0] == "-np" and words[2:] == ["lmp", "-in", "in.lmp"], "")


_PROGRAMS: Final[dict[str, Callable[[list[str], Path], Result]]] = {
    "eippot": _eippot,
    "export": _export,
    "make": _make,
    "pip": _pip,
    "python": _python,
    "sudo": _sudo,
    "lmp": _lmp,
    "mpirun": _mpirun,
}


def _crystal(seed: int, labelled: bool) -> Atoms:
    random = np.random.default_rng(seed)
    atoms = bulk("Si")
    strain = np.eye(3) * random.uniform(0.95, 1.05) + 0.03 * random.standard_normal((3, 3))
    atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    atoms.positions += 0.1 * random.standard_normal((2, 3))
    if labelled:
        label = evaluate(open_potential(parse_source("truth", TRUTH)), atoms)
        assert label.stress is not None
        atoms.info["REF_energy"] = label.energy + ISOLATED_ENERGY * len(atoms)
        atoms.info["REF_stress"] = stress_to_ase_voigt(label.stress)
        atoms.arrays["REF_forces"] = label.forces
    return atoms
