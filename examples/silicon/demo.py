"""The whole method on silicon: four potentials from 100 DFT labels, and MD in ASE and LAMMPS.

``python demo.py --output demo`` labels structures with eight OpenKIM potentials, trains a neural
potential without their help (baseline), with label augmentation (+LA), multi-task pretraining
(+MP) and both (+MP+LA), tests all four on DFT data that none of them has seen, and runs the best.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
from molecular_dynamics import STEPS, plot_conservation, read_lammps, run_ase, write_lammps_input
from steps import HERE, run, test_errors, write_data

WEAK = ("--set", "training.batch_size=8")
"""Learn from weak labels too: four of them in each step, beside four DFT labels."""

PRETRAINED = ("--pretrained", "runs/pretrained")
"""Start from the pretrained model."""

STACKED = ("--set", "loss.weak.weight=1")
"""The labels of the stack are as good as they are said to be."""

STRATEGIES: dict[str, tuple[str, ...]] = {
    "baseline": (),
    "+LA": ("-s", "augmented.extxyz", *WEAK),
    "+MP": PRETRAINED,
    "+MP+LA": ("-s", "stacked.extxyz", *WEAK, *STACKED, *PRETRAINED),
}
"""Options of finetune for each strategy; all take the same number of steps. +LA has the weak labels
of the classifier; +MP+LA those of the stack, which needs the pretrained model."""

QUICK = ("--set", "training.epochs=2", "--set", "training.ema_decay=0")
"""What ``--quick`` changes: to see that everything runs, not to learn anything."""


def train(folder: Path, seed: int, extra: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Label, classify, pretrain, stack, and finetune, export and evaluate the four potentials."""
    options = ("--set", f"data.seed={seed}", "--set", f"training.seed={seed}", *extra)
    run(
        folder, "eippot", "label", "structures.extxyz", "-o", "labelled.extxyz", "--eips", "silicon"
    )
    run(folder, "eippot", "classify", "classify.yaml", *options)
    run(folder, "eippot", "pretrain", "pretrain.yaml", *options)
    run(folder, "eippot", "stack", "stack.yaml", "--set", f"data.seed={seed}")
    errors = {}
    for strategy, choices in STRATEGIES.items():
        name = strategy.strip("+").replace("+", "_").lower()
        target = ("-o", f"runs/{name}")
        run(folder, "eippot", "finetune", "finetune.yaml", *target, *choices, *options)
        run(folder, "eippot", "export", f"runs/{name}", "-o", f"{name}.pt")
        run(folder, "eippot", "evaluate", f"{name}.pt", "test.extxyz", "-o", f"errors/{name}")
        errors[strategy] = test_errors(folder / "errors" / name)
    return errors


def run_dynamics(folder: Path, model: str, steps: int) -> dict[str, float]:
    """Run the same MD in ASE and in LAMMPS; return drifts and the largest force difference."""
    print(f"\nNVE of 64 atoms with {model}, in ASE", flush=True)
    ase_curve, ase_forces = run_ase(folder / model, steps)
    write_lammps_input(folder, Path(model), steps)
    run(folder, "lmp", "-in", "in.lammps", "-screen", "none")
    lammps_curve, lammps_forces = read_lammps(folder)
    plot_conservation({"ASE": ase_curve, "LAMMPS": lammps_curve}, folder / "energy.png")
    return {
        "ase_drift": ase_curve.drift,
        "lammps_drift": lammps_curve.drift,
        "force_difference": float(np.abs(ase_forces - lammps_forces).max()),
    }


def show(folder: Path, errors: dict[str, dict[str, float]], md: dict[str, float]) -> None:
    """Print the table of the four potentials, and what MD showed."""
    print("\nMean absolute errors on the test structures (ratio to the baseline):")
    print(f"{'':10}  energy [meV/atom]  forces [meV/Å]")
    for strategy, values in errors.items():
        ratio = values["energy_mae_per_atom"] / errors["baseline"]["energy_mae_per_atom"]
        print(
            f"{strategy:10}  {values['energy_mae_per_atom']:12.1f} ({ratio:4.2f})"
            f"  {values['forces_mae']:14.1f}"
        )
    if md:
        print(
            f"\nNVE of 64 atoms at 300 K: energy drift {md['ase_drift']:.1e} (ASE), "
            f"{md['lammps_drift']:.1e} (LAMMPS) eV/atom/ps\n"
            f"ASE and LAMMPS: forces equal to {md['force_difference']:.1e} eV/Å"
        )
    print(
        f"\nIn {folder}/: errors/*/parity.png, energy.png, summary.json, and the potentials "
        "baseline.pt, la.pt, mp.pt, mp_la.pt"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="The whole method on silicon.")
    parser.add_argument("--output", type=Path, default=Path("demo"), help="folder, made anew")
    parser.add_argument("--labels", type=int, default=125, help="DFT labels, validation included")
    parser.add_argument("--pool", type=int, default=5000, help="structures without DFT labels")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the pool, the weights")
    parser.add_argument("--no-md", action="store_true", help="train and test only")
    parser.add_argument("--quick", action="store_true", help="few epochs and steps: does it run?")
    arguments = parser.parse_args()
    folder = arguments.output
    began = time.monotonic()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in ("classify.yaml", "pretrain.yaml", "stack.yaml", "finetune.yaml"):
        shutil.copy(HERE / name, folder)
    write_data(folder, arguments.labels, arguments.pool, arguments.seed)
    errors = train(folder, arguments.seed, QUICK if arguments.quick else ())
    md = (
        {}
        if arguments.no_md
        else run_dynamics(folder, "mp_la.pt", 100 if arguments.quick else STEPS)
    )
    minutes = (time.monotonic() - began) / 60
    summary = {
        "seed": arguments.seed,
        "labels": arguments.labels,
        "pool": arguments.pool,
        "minutes": minutes,
        "errors": errors,
        "md": md,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2))
    print(f"\n{minutes:.1f} minutes")
    show(folder, errors, md)


if __name__ == "__main__":
    main()
