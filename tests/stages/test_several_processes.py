"""Several processes learn what one would, lose nothing when one dies, and speak with one voice."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import torch
import yaml
from safetensors.torch import load_file

from eippot.structures.io import read_structures, write_structures
from tests.stages.test_kills import SEARCHED
from tests.synthetic import TINY_MODEL, training, write_labelled
from tests.versions import needs

pytestmark = needs("torch", "2.9", "processes of 2.6 may hang at their end, in gloo")

#: what several processes have to agree on: draws of EIPs and of members, the scale of Tukey's
#: biweight, the division of both kinds of labels, which shares are of unequal size.
TRAININGS: Final[dict[str, dict[str, Any]]] = {
    "pretrain": {"stage": "pretrain", "eip_validation": 0.3},
    "classify": {"stage": "classify", "output": "{}.extxyz"},
    "finetune": {"stage": "finetune"},
    "committee": {"stage": "finetune", "committee": 2, "use_weak_labels": False},
    "anchored": {"stage": "finetune", "pretrained": "pretrain-1", "anchor": 1.0},
}
#: goes on after one of its processes was killed.
KILLED: Final = "killed"


def _job(name: str, processes: int, run: str, **changes: Any) -> dict[str, Any]:
    """Batches of six structures in all; what else tests.together is to know."""
    settings = {key: value for key, value in TRAININGS[name].items() if key != "stage"}
    directory = {"run": run} if name == "classify" else {"output": run}
    if "output" in settings:
        settings["output"] = settings["output"].format(run)
    optimization = training(epochs=3, batch_size=6 // processes, precision="float64", patience=9)
    config = (
        {"data": {"structures": "weak.extxyz"}, "training": optimization} | settings | directory
    )
    if "pretrained" not in settings:
        config["model"] = TINY_MODEL
    stage = TRAININGS[name]["stage"]
    return {"stage": stage, "processes": processes, "config": config} | changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs ``<name>-<processes>``, and ``outcomes.yaml``."""
    folder = tmp_path_factory.mktemp("several")
    write_labelled(folder / "structures.extxyz")
    structures = read_structures(folder / "structures.extxyz")
    for atoms in structures:
        if "REF_energy" not in atoms.info and len(atoms) > 3:
            wrong = 1000.0 if atoms.info["n"] % 2 else 0.2
            atoms.info["weak_energy"] = atoms.info["true_energy"] + wrong * len(atoms)
            atoms.arrays["weak_forces"] = atoms.arrays["eip_far_forces"]
    write_structures(folder / "weak.extxyz", structures)
    jobs = [_job(name, n, f"{name}-{n}", slurm=n > 1) for name in TRAININGS for n in (1, 2)]
    jobs += [
        _job("finetune", 2, KILLED, kill=f"{KILLED}/checkpoints/last.ckpt"),
        _job("finetune", 2, KILLED) | {"processes": 1},
        _job("finetune", 2, KILLED),
        _job("finetune", 2, KILLED),
    ]
    (folder / "jobs.yaml").write_text(yaml.safe_dump(jobs))
    done = subprocess.run(
        [sys.executable, "-m", "tests.together", "jobs.yaml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": SEARCHED},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (folder / "outcomes.yaml").write_text(done.stdout)
    return folder


def _outcomes(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((folder / "outcomes.yaml").read_text())
    return found


def _metrics(run: Path) -> list[dict[str, float]]:
    with (run / "metrics.csv").open() as file:
        return [{name: float(v) for name, v in row.items()} for row in csv.DictReader(file)]


def _weights(run: Path) -> torch.Tensor:
    return torch.cat([w.flatten().double() for w in load_file(run / "model.safetensors").values()])


@pytest.mark.parametrize("name", TRAININGS)
def test_two_processes_learn_what_one_does(folder: Path, name: str) -> None:
    """With half the batch each: the same losses, metrics and weights."""
    place = 2 * list(TRAININGS).index(name)
    assert [o["codes"] for o in _outcomes(folder)[place : place + 2]] == [[0], [0, 0]]
    one, two = (_metrics(folder / f"{name}-{n}") for n in (1, 2))
    assert len(one) == 3
    for row, other in zip(one, two, strict=True):
        assert row == pytest.approx(other, rel=1e-6)
    assert torch.allclose(_weights(folder / f"{name}-1"), _weights(folder / f"{name}-2"), rtol=1e-6)
    summary = yaml.safe_load((folder / f"{name}-2" / "summary.yaml").read_text())
    assert summary["processes"] == 2


def test_weak_labels_were_learnt_and_some_left_out(folder: Path) -> None:
    """So that the scale, which is that of the whole batch, has told."""
    kept = [row["kept_weak_energy"] for row in _metrics(folder / "finetune-2")]
    assert any(0.0 < share < 1.0 for share in kept)


def test_a_dead_process_ends_the_others_and_costs_an_epoch(folder: Path) -> None:
    killed, fewer, resumed, _ = _outcomes(folder)[-4:]
    assert killed["codes"] == [1, -9]
    assert "Process 1 of 2 has lost the others" in killed["said"]
    assert fewer["codes"] == [1]
    assert "Expected 2 processes, which this run was begun with, got 1" in fewer["said"]
    assert resumed["codes"] == [0, 0], resumed["said"]
    assert torch.equal(_weights(folder / KILLED), _weights(folder / "finetune-2"))
    assert (folder / KILLED / "metrics.csv").read_text() == (
        folder / "finetune-2" / "metrics.csv"
    ).read_text()


def test_an_error_is_told_once(folder: Path) -> None:
    again = _outcomes(folder)[-1]
    assert again["codes"] == [1, 1]
    assert again["said"].count("told: ") == 1
    assert "holds a run already" in again["said"]
