"""The whole method on silicon: five potentials from 100 DFT labels, and MD in ASE and LAMMPS.

``python demo.py --output demo`` labels structures with eight OpenKIM potentials, and trains neural
potentials: without their help (baseline), with label augmentation (+LA), and as docs/recipe.md has
it with multi-task pretraining (+MP), with anchors, and taught by a blend of all that. They are
tested on DFT data that none of them has seen; the last one runs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
from molecular_dynamics import STEPS, plot_conservation, read_lammps, run_ase, write_lammps_input
from steps import run, test_errors, write_data

PRETRAINED = ("--pretrained", "runs/pretrained")
"""Start from the pretrained model."""

SMALL = ("--set", "model.architecture=schnet")
"""A network that is trained in minutes."""

NEW = (*SMALL, "--set", "loss.weights.forces=1", "--set", "training.schedule.rate=3e-3")
"""What suits a network that starts anew."""

LABELS = {"la": "augmented.extxyz", "taught": "blended.extxyz"}
"""Structures with weak labels, of the classifier and of the blend; all others learn from DFT."""

BLEND = ("--set", "method=blend", "--set", "runs=[runs/mp, runs/anchored]")
"""Two finetuned networks, the Gaussian process and the combination of EIPs teach together."""

TAUGHT = (
    *("--set", "loss.weak.weight=1", "--set", "loss.weak.kernel=huber"),
    *("--set", "training.steps=8000"),
)
"""Labels of a blend are good ones, and thousands."""

STRATEGIES: dict[str, tuple[str, ...]] = {
    "baseline": NEW,
    "la": NEW,
    "mp": PRETRAINED,
    "anchored": (*PRETRAINED, "--set", "anchor=1"),
    "taught": (*PRETRAINED, *TAUGHT),
}
"""Options of finetune for each potential."""

TITLES = {
    "baseline": "baseline",
    "la": "+LA",
    "mp": "+MP",
    "anchored": "+MP anchored",
    "taught": "+MP taught",
}

QUICK = ("--set", "training.steps=2", "--set", "training.ema_decay=0")
"""What ``--quick`` changes: to see that everything runs, not to learn anything."""


def train(folder: Path, seed: int, extra: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Label, learn, and test the five potentials."""
    same = ("--set", f"data.seed={seed}")
    options = (*same, "--set", f"training.seed={seed}", "--set", "training.threads=1", *extra)
    file = "labelled.extxyz"

    def eippot(*words: str) -> None:
        run(folder, "eippot", *words)

    def finetune(name: str) -> None:
        structures = LABELS.get(name, file)
        eippot("finetune", "-s", structures, "-o", f"runs/{name}", *STRATEGIES[name], *options)

    eippot("label", "structures.extxyz", "-o", file, "--eips", "silicon")
    classifier = ("--set", "run=runs/classifier", *SMALL)
    eippot("classify", "-s", file, "-o", LABELS["la"], *classifier, *options)
    eippot("pretrain", "-s", file, "-o", "runs/pretrained", *SMALL, *options)
    for name in ("baseline", "la", "mp", "anchored"):
        finetune(name)
    eippot("stack", "-s", file, "-o", LABELS["taught"], *PRETRAINED, *BLEND, *same)
    finetune("taught")
    errors = {}
    for name, title in TITLES.items():
        eippot("export", f"runs/{name}", "-o", f"{name}.pt")
        eippot("evaluate", f"{name}.pt", "test.extxyz", "-o", f"errors/{name}")
        errors[title] = test_errors(folder / "errors" / name)
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
    """Print the table of the potentials, and what MD showed."""
    print("\nMean absolute errors on the test structures (ratio to the baseline):")
    print(f"{'':12}  energy [meV/atom]  forces [meV/Å]")
    for strategy, values in errors.items():
        ratio = values["energy_mae_per_atom"] / errors["baseline"]["energy_mae_per_atom"]
        print(
            f"{strategy:12}  {values['energy_mae_per_atom']:12.1f} ({ratio:4.2f})"
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
        "baseline.pt, la.pt, mp.pt, anchored.pt, taught.pt"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="The whole method on silicon.")
    parser.add_argument("--output", type=Path, default=Path("demo"), help="folder, made anew")
    parser.add_argument("--labels", type=int, default=125, help="DFT labels, validation included")
    parser.add_argument("--pool", type=int, default=5000, help="structures without DFT labels")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the pool, the weights")
    parser.add_argument("--no-md", action="store_true", help="train and test only")
    parser.add_argument("--quick", action="store_true", help="few steps: does it run?")
    arguments = parser.parse_args()
    folder = arguments.output
    began = time.monotonic()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_data(folder, arguments.labels, arguments.pool, arguments.seed)
    errors = train(folder, arguments.seed, QUICK if arguments.quick else ())
    md = (
        {}
        if arguments.no_md
        else run_dynamics(folder, "taught.pt", 100 if arguments.quick else STEPS)
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
