"""DeePMD-kit: se_e2_a with TensorFlow, trained for a few steps; compressed, in its LAMMPS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.speed.keeping import kept
from benchmarks.speed.lammps_md import md_in_lammps
from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, labelled_crystals

ATOMS: Final = 64
#: training steps of a model that is only to be run.
FEW_STEPS: Final = 10
#: training steps that are timed at once; the first 100 are DeePMD-kit's warm-up.
TIMED_STEPS: Final = 300
#: networks as in the manual's example of se_e2_a.
EMBEDDING, FITTING = [25, 50, 100], [240, 240, 240]
#: room for neighbors; there are 28.
MOST_NEIGHBORS: Final = 40


def write_input(folder: Path, steps: int, batch: int) -> None:
    """Write labelled crystals and ``input.json``."""
    data = folder / "data" / "set.000"
    data.mkdir(parents=True, exist_ok=True)
    structures = labelled_crystals(4 * batch, ATOMS)
    (folder / "data" / "type.raw").write_text("0\n" * ATOMS)
    (folder / "data" / "type_map.raw").write_text("Si\n")
    np.save(data / "coord.npy", [a.positions.ravel() for a in structures])
    np.save(data / "box.npy", [a.cell.array.ravel() for a in structures])
    np.save(data / "energy.npy", [a.get_potential_energy() for a in structures])
    np.save(data / "force.npy", [a.get_forces().ravel() for a in structures])
    descriptor = {
        "type": "se_e2_a",
        "sel": [MOST_NEIGHBORS],
        "rcut": CUTOFF,
        "rcut_smth": 0.5,
        "neuron": EMBEDDING,
        "axis_neuron": 16,
        "precision": "float32",
        "seed": 1,
    }
    fitting = {"neuron": FITTING, "resnet_dt": True, "precision": "float32", "seed": 1}
    training = {
        "training_data": {"systems": ["data"], "batch_size": batch},
        "numb_steps": steps,
        "disp_freq": 100,
        "seed": 1,
    }
    options: dict[str, Any] = {
        "model": {"type_map": ["Si"], "descriptor": descriptor, "fitting_net": fitting},
        "learning_rate": {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-8, "decay_steps": 5000},
        "loss": {"type": "ener"},
        "training": training,
    }
    (folder / "input.json").write_text(json.dumps(options))


def dp(folder: Path, *arguments: str) -> str:
    """Output of a command of DeePMD-kit; its last lines are the error if it fails."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dp")), "--tf", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"dp {arguments[0]} failed: {done.stdout[-300:]}")
    return done.stdout


def write_model(folder: Path) -> None:
    """Train for a few steps, freeze and compress."""
    write_input(folder, FEW_STEPS, batch=1)
    dp(folder, "train", "input.json", "--skip-neighbor-stat")
    dp(folder, "freeze", "-o", "plain.pb")
    dp(folder, "compress", "-i", "plain.pb", "-o", "compressed.pb", "-t", "input.json")


def lammps(setting: Setting) -> Prepared:
    """MD with ``pair_style deepmd``."""
    _use_threads(1)
    folder = kept("se_e2_a", write_model)
    return md_in_lammps("pair_style deepmd compressed.pb\npair_coeff * * Si", setting, folder)


def training(setting: Setting) -> Prepared:
    """Training with ``dp train`` [structures/s], as it tells itself, without its first steps."""
    _use_threads(setting["threads"])
    folder = Path(tempfile.mkdtemp())
    batch = setting["batch"]
    write_input(folder, TIMED_STEPS, batch)

    def measure(seconds: float) -> float:
        output = dp(folder, "train", "input.json", "--skip-neighbor-stat")
        return float(batch) / float(re.findall(r"average training time: (\S+) s/batch", output)[-1])

    return Prepared(measure)


def _use_threads(threads: int) -> None:
    for kind in ("INTRA", "INTER"):
        os.environ[f"DP_{kind}_OP_PARALLELISM_THREADS"] = str(threads if kind == "INTRA" else 1)


KINDS: Kinds = {"lammps": lammps, "training": training}
