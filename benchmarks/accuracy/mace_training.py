"""MACE, trained from scratch in its own environment: a small one, with the options of its README.

Runs its own program for one epoch and for a few, which tells how many of them fit into the time
that is left, and then for as many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from ase.io import read
from mace.calculators import MACECalculator

TIMED_EPOCHS = 3
OPTIONS = {
    "name": "mace",
    "model": "MACE",
    "hidden_irreps": "128x0e",
    "r_max": 5.0,
    "E0s": "average",
    "energy_key": "REF_energy",
    "forces_key": "REF_forces",
    "batch_size": 10,
    "ema_decay": 0.99,
    "default_dtype": "float32",
    "device": "cpu",
}
FLAGS = ("ema", "amsgrad")


def train(folder: Path, training: str, validation: str, seed: str, epochs: int) -> float:
    """Train for some epochs; return the seconds it took."""
    options = OPTIONS | {"work_dir": folder, "seed": seed, "max_num_epochs": epochs}
    options |= {"train_file": training, "valid_file": validation}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    arguments += [f"--{name}" for name in FLAGS]
    if epochs > TIMED_EPOCHS:  # the last quarter weighs energies more
        arguments += ["--swa", f"--start_swa={3 * epochs // 4}"]
    folder.mkdir()
    start = time.perf_counter()
    with (folder / "log").open("w") as log:
        subprocess.run(
            ["mace_run_train", *arguments], cwd=folder, stdout=log, stderr=log, check=True
        )
    return time.perf_counter() - start


def main(training: str, validation: str, test: str, seed: str, seconds: str, output: str) -> None:
    """Train for some seconds, and write energies and forces of the test structures."""
    folder = Path.cwd()
    started = time.perf_counter()
    first = train(folder / "first", training, validation, seed, 1)
    few = train(folder / "few", training, validation, seed, 1 + TIMED_EPOCHS)
    each = max((few - first) / TIMED_EPOCHS, 1e-3)
    left = float(seconds) - (time.perf_counter() - started) - first
    epochs = max(1 + TIMED_EPOCHS, int(left / each))
    train(folder / "run", training, validation, seed, epochs)
    (model,) = folder.glob("run/mace_stagetwo.model")
    calculator = MACECalculator(str(model), device="cpu", default_dtype="float32")
    predicted = []
    for atoms in read(test, ":"):
        calculator.calculate(atoms)
        predicted.append(
            {
                "energy": float(calculator.results["energy"]),
                "forces": calculator.results["forces"].tolist(),
            }
        )
    Path(output).write_text(json.dumps({"epochs": epochs, "predicted": predicted}))


if __name__ == "__main__":
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    main(*sys.argv[1:])
