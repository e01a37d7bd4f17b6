"""Train, export, test and time one model, for ``models.py``: the last line of output is JSON.

Training, export and evaluation are the commands of eippot on one thread; so is the MD in ASE.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
import yaml
from ase import Atoms, units
from ase.build import bulk
from ase.io import write
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet
from steps import run, split_labelled, test_errors

from benchmarks.models import FORMS, LABELS
from eippot import EippotCalculator
from eippot.config.templates import template
from eippot.models.saved import load_model

#: so many steps are never reached: time ends all trainings.
ENDLESS: Final = 10**9
#: how all of them learn, which is not what templates say of a pretrained network.
LEARNING: Final = {"loss.kernel": "squared", "training.schedule.rate": 2e-3}
WARM_UP, MD_STEPS, MD_SECONDS = 3, 100, 10.0
#: cells of 8 atoms along each edge, for 64 and 512 atoms.
REPETITIONS: Final = (2, 4)


def measure(
    model: str, labels: int, seed: int, seconds: float, folder: Path
) -> dict[str, float | str]:
    """Do everything in a folder; return what ``models.jsonl`` has of it.

    All numbers of labels of a seed are tested on the same structures, those that none learns from.
    """
    write(folder / "structures.extxyz", split_labelled(labels, seed)[0], format="extxyz")
    write(folder / "test.extxyz", split_labelled(max(LABELS), seed)[1], format="extxyz")
    (folder / "finetune.yaml").write_text(template("finetune", model=model.split()[0]))
    settings: dict[str, object] = {
        "data.seed": seed,
        "training.seed": seed,
        "training.threads": 1,
        "training.max_seconds": seconds,
        "training.steps": ENDLESS,
        **LEARNING,
        **FORMS[model],
    }
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    run(folder, "eippot", "finetune", "finetune.yaml", "-s", "structures.extxyz", *options)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
    run(folder, "eippot", "export", "runs/finetune", "-o", "model.pt")
    run(folder, "eippot", "evaluate", "model.pt", "test.extxyz", "-o", "errors")
    errors = test_errors(folder / "errors")
    _, potential = load_model(folder / "runs" / "finetune")
    costs = {
        f"md_{len(atoms)}": microseconds(atoms, folder / "model.pt")
        for atoms in (bulk("Si", cubic=True) * n for n in REPETITIONS)
    }
    return {
        "model": model,
        "labels": labels,
        "seed": seed,
        "budget": seconds,
        **training(folder / "runs" / "finetune"),
        "memory": memory,
        "parameters": sum(weight.numel() for weight in potential.parameters()),
        **costs,
        "energy_mae_per_atom": errors["energy_mae_per_atom"],
        "forces_mae": errors["forces_mae"],
    }


def training(directory: Path) -> dict[str, float | str]:
    """Length, end and speed of a training, its validations included."""
    summary = yaml.safe_load((directory / "summary.yaml").read_text())
    config = yaml.safe_load((directory / "config.yaml").read_text())
    structures = summary["training_labels"]
    steps_per_epoch = -(-structures // config["training"]["batch_size"])
    seen = structures * summary["steps"] / steps_per_epoch
    return {name: summary[name] for name in ("epochs", "steps", "seconds", "ended_by")} | {
        "structures_per_second": seen / summary["seconds"]
    }


def microseconds(atoms: Atoms, model: Path) -> float:
    """Time per atom and step of NVE at 300 K from a rattled start [µs]."""
    torch.set_num_threads(1)
    atoms.rattle(0.05, seed=0)
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(0))
    atoms.calc = EippotCalculator(model)
    dynamics = VelocityVerlet(atoms, units.fs)
    dynamics.run(WARM_UP)
    start, steps = time.perf_counter(), 0
    while steps < MD_STEPS and time.perf_counter() - start < MD_SECONDS:
        dynamics.run(1)
        steps += 1
    return 1e6 * (time.perf_counter() - start) / steps / len(atoms)


def main() -> None:
    """Measure in a temporary folder, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=FORMS)
    parser.add_argument("labels", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("seconds", type=float)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        line = measure(**vars(arguments), folder=Path(name))
    print(json.dumps(line))


if __name__ == "__main__":
    main()
