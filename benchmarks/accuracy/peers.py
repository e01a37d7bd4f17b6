"""What a user would take instead: trained from scratch on the same labels, for as long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.accuracy.errors import Errors, errors_of
from benchmarks.accuracy.pipeline import Pipeline
from benchmarks.speed.environments import python_of, why_missing
from eippot.structures.io import has_reference_energy, read_structures, write_structures

#: run by the Python of its environment, where there is no eippot.
MACE: Final = Path(__file__).with_name("mace_training.py")


def mace(pipeline: Pipeline, seconds: float) -> Errors:
    """A small MACE, in its own environment on one thread.

    Parameters
    ----------
    pipeline
        Whose DFT labels to train and to validate on.
    seconds
        How long to train.
    """
    python = python_of("mace")
    if not python.exists():
        sys.exit(f"MACE: {why_missing('mace')}")
    division = pipeline.division
    folder = division.training.with_name(f"mace-{pipeline.seed}-{seconds:.0f}")
    output = folder / "predicted.json"
    if not output.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        labelled = [a for a in read_structures(division.training) if has_reference_energy(a)]
        write_structures(folder / "training.extxyz", labelled)
        files = [folder / "training.extxyz", division.validation, division.test]
        options = [pipeline.seed, seconds, output]
        subprocess.run(
            [python, MACE, *files, *map(str, options)],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            check=True,
        )
    said = json.loads(output.read_text())
    test = read_structures(division.test)
    energies = np.array([found["energy"] for found in said["predicted"]])
    forces = [np.array(found["forces"]) for found in said["predicted"]]
    return errors_of(test, energies, forces) | {"epochs": said["epochs"]}
