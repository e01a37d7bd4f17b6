"""Training speed on silicon: ``make bench NAME=training``.

Structures of 64 atoms (rattled diamond, 28 neighbors within 5 Å), energies and forces, float32.
Each case is timed in a process of its own: the loop of ``eippot finetune`` as a whole, validation,
averaged weights and checkpoints included, and a bare step (loss, gradient, optimizer) beside it, in
wall-clock time and in processor time of all threads: on a busy machine, the latter on one thread
says more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from benchmarks.pages import Line
from eippot.config.loss import PotentialLossConfig
from eippot.config.model import (
    ArchitectureConfig,
    EquivariantConfig,
    GemNetConfig,
    SchNetConfig,
)
from eippot.config.training import TrainingConfig
from eippot.data.loaders import training_loader, validation_loader
from eippot.data.store import GraphStore, build_graphs
from eippot.kernels.library import build_library
from eippot.losses.terms import PotentialLoss
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.training.fit import fit, seed_everything
from eippot.training.objectives import PotentialObjective

#: name of a case: its architecture.
MODELS: Final[dict[str, ArchitectureConfig]] = {
    "schnet 128x3": SchNetConfig(channels=128, interactions=3, radial_functions=32, cutoff=5.0),
    "equivariant l1 32": EquivariantConfig(l_max=1, channels=32, parity=False, cutoff=5.0),
    "equivariant l2 32": EquivariantConfig(l_max=2, channels=32, parity=False, cutoff=5.0),
    "gemnet 64": GemNetConfig(cutoff=5.0),
}
ROOT: Final = Path(__file__).resolve().parents[1]
TRAINING_STRUCTURES: Final = 64
VALIDATION_STRUCTURES: Final = 8


def lines(
    models: Sequence[str] = tuple(MODELS),
    threads: Sequence[int] = (1, 2),
    batch_size: int = 8,
    seconds: float = 10.0,
) -> list[Line]:
    """Structures per second of every model and number of threads, each in its own process."""
    build_library(report=lambda line: None)
    found = []
    for n_threads in threads:
        for model in models:
            case = [model, str(n_threads), str(batch_size), str(seconds)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.training", "--case", *case],
                cwd=ROOT,
                env=os.environ | {"OMP_NUM_THREADS": str(n_threads)},
                text=True,
                stdout=subprocess.PIPE,
                check=True,
            )
            line: Line = json.loads(done.stdout.splitlines()[-1])
            found.append(line)
    return found


def measure(model: str, threads: int, batch_size: int, seconds: float) -> Line:
    """Time one case, in this process."""
    config = TrainingConfig(epochs=1, batch_size=batch_size, threads=threads)
    seed_everything(config)
    graphs = labelled_graphs(TRAINING_STRUCTURES + VALIDATION_STRUCTURES, MODELS[model].cutoff)
    representation = build_representation(MODELS[model], n_species=1, average_neighbors=28.0)
    potential = Potential(representation, n_species=1, n_heads=1, scale=1.0)
    objective = PotentialObjective(PotentialLoss(PotentialLossConfig(), weak_weight=0.0))
    step, cpu = bare_step(potential, objective, graphs, config, seconds)
    epochs = max(round(0.5 * seconds / (step * TRAINING_STRUCTURES)), 1)
    training, validation = graphs.split([TRAINING_STRUCTURES, VALIDATION_STRUCTURES])
    with tempfile.TemporaryDirectory() as directory:
        result = fit(
            potential,
            objective,
            training_loader(training, config),
            validation_loader(validation),
            config.model_copy(update={"epochs": epochs}),
            Path(directory),
            progress=False,
        )
    return {
        "model": model,
        "threads": threads,
        "batch_size": batch_size,
        "step_structures_per_second": 1.0 / step,
        "step_structures_per_cpu_second": 1.0 / cpu,
        "fit_structures_per_second": epochs * TRAINING_STRUCTURES / result.seconds,
    }


def bare_step(
    potential: Potential,
    objective: PotentialObjective,
    graphs: GraphStore,
    config: TrainingConfig,
    seconds: float,
) -> tuple[float, float]:
    """Median time of a step, and processor time [s] per structure; batches are at hand."""
    batches = list(islice(training_loader(graphs, config), 4))
    weights = list(potential.parameters())
    evaluated = potential.for_training()
    optimizer = torch.optim.AdamW(weights, lr=1e-4, fused=True)
    times: list[list[float]] = []
    end = time.perf_counter() + 0.5 * seconds
    while len(times) < 5 or time.perf_counter() < end:
        batch = batches[len(times) % len(batches)]
        start = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        objective.loss(evaluated, batch).total.backward(inputs=weights)  # type: ignore[no-untyped-call]
        optimizer.step()
        now = time.perf_counter(), time.process_time()
        times.append([(a - b) / batch.num_graphs for a, b in zip(now, start, strict=True)])
    wall, cpu = (median(column) for column in zip(*times[2:], strict=True))
    return wall, cpu


def labelled_graphs(count: int, cutoff: float) -> GraphStore:
    """Graphs of rattled silicon with random labels, which cost as much as others."""
    random = np.random.default_rng(0)

    def label(atoms: Atoms) -> dict[str, Tensor]:
        forces = torch.from_numpy(random.normal(size=(len(atoms), 3)))
        return {"reference_energy": forces[:1, 0], "reference_forces": forces}

    structures = []
    for seed in range(count):
        atoms = bulk("Si", a=5.431, cubic=True) * (2, 2, 2)
        atoms.rattle(0.08, seed=seed)
        structures.append(atoms)
    return build_graphs(structures, ["Si"], cutoff, torch.float32, label)


def main() -> None:
    """Print a table, or the JSON line of one case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each case")
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    arguments = vars(parser.parse_args())
    if case := arguments.pop("case"):
        model, threads, batch_size, seconds = case
        print(json.dumps(measure(model, int(threads), int(batch_size), float(seconds))))
        return
    print(f"{'model':<20} threads  bare step  same, per CPU s  fit loop  [structures/s]")
    for line in lines(**arguments):
        print(
            f"{line['model']:<20} {line['threads']:7}  "
            f"{line['step_structures_per_second']:9.1f}  "
            f"{line['step_structures_per_cpu_second']:15.1f}  "
            f"{line['fit_structures_per_second']:8.1f}"
        )


if __name__ == "__main__":
    main()
