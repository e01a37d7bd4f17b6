"""The steps of the demonstration that are not commands of eippot: data, shell, and a table."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write
from generate import generate

from eippot.structures.io import read_structures

HERE = Path(__file__).resolve().parent
DATA = HERE / "silicon_dft.extxyz.xz"


def run(folder: Path, *command: str) -> None:
    """Show a command and run it in a folder; stop where it fails.

    Parameters
    ----------
    folder
        Working directory.
    command
        Program and arguments; ``eippot`` and ``lmp`` are those of this environment.

    Raises
    ------
    SystemExit
        The command failed.
    """
    print(f"\n$ {' '.join(command)}", flush=True)
    program = Path(sys.executable).with_name(command[0])
    arguments = [str(program) if program.exists() else command[0], *command[1:]]
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    code = subprocess.run(arguments, cwd=folder, env=environment, check=False).returncode
    if code != 0:
        raise SystemExit(f"`{' '.join(command)}` ended with {code}")


def split_labelled(n_labels: int, seed: int) -> tuple[list[Atoms], list[Atoms]]:
    """Divide the DFT data at random: a few to learn from, all others to test on.

    The isolated atom is always among the first: it is the zero of energy.
    """
    structures = read_structures(DATA)
    shuffled = np.random.default_rng(seed).permutation(len(structures))
    order = sorted(shuffled, key=lambda i: structures[i].info["config_type"] != "isolated_atom")
    chosen = [structures[i] for i in order]
    return chosen[:n_labels], chosen[n_labels:]


def write_data(folder: Path, n_labels: int, n_pool: int, seed: int) -> None:
    """Write ``structures.extxyz`` (DFT-labelled ones and the pool) and ``test.extxyz``."""
    print(f"Generating {n_pool} structures, and reading the DFT labels", flush=True)
    labelled, test = split_labelled(n_labels, seed)
    pool = generate(n_pool, seed + 1)
    write(folder / "structures.extxyz", labelled + pool, format="extxyz")
    write(folder / "test.extxyz", test, format="extxyz")
    print(
        f"structures.extxyz: {len(labelled)} with DFT labels (a fifth of them for validation), "
        f"{len(pool)} without\ntest.extxyz:       {len(test)} with DFT labels, for testing only"
    )


def test_errors(folder: Path) -> dict[str, float]:
    """Read the errors over all structures from an evaluation [meV/atom, meV/Å, meV/Å³]."""
    with (folder / "errors.csv").open() as file:
        row = list(csv.DictReader(file))[-1]
    return {name: float(row[name]) for name in row if name.endswith(("_mae", "_mae_per_atom"))}
