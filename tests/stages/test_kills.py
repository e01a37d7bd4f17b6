"""Stages that are killed at any moment, again and again, leave what they would have left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from eippot.structures.io import read_structures, write_structures
from tests.synthetic import TINY_MODEL, training, write_labelled

ROOT: Final = Path(__file__).resolve().parents[2]
#: calculators of slow EIPs are there.
SEARCHED: Final = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "eips")])
KILLS: Final = 5
#: of each stage: what is compared, byte by byte, of folders all files.
LEFT: Final = {
    "label": ["labelled.extxyz", "failures.csv"],
    "label into a store": ["labelled.arrow", "failures.csv"],
    "pretrain": ["run/model.safetensors", "run/model.json", "run/metrics.csv"],
    "classify": ["run/model.safetensors", "run/metrics.csv", "augmented.extxyz"],
    "finetune": ["run/model.safetensors", "run/model.json", "run/metrics.csv"],
}


def _settings(stage: str, structures: Path) -> dict[str, Any]:
    """Long enough to be killed some times before it ends."""
    if stage.startswith("label"):
        eips = {"slow": "ase:faulty_calculators.Faulty?seconds=0.05"}
        paths = {"input": str(structures), "output": LEFT[stage][0]}
        return paths | {"eips": eips, "workers": 1}
    paths = (
        {"output": "augmented.extxyz", "run": "run"} if stage == "classify" else {"output": "run"}
    )
    data = {"structures": str(structures)}
    return paths | {"data": data, "training": training(epochs=80), "model": TINY_MODEL}


def _left(
    folder: Path, stage: str, structures: Path, kills: int, longest: float
) -> tuple[list[bytes], float]:
    """What a stage leaves, and how long its last attempt took [s]."""
    folder.mkdir()
    if stage == "label into a store":  # in place of another one
        write_structures(folder / "labelled.arrow", read_structures(structures)[:20])
    command, *_ = stage.split()
    (folder / "config.yaml").write_text(yaml.safe_dump(_settings(stage, structures)))
    found = subprocess.run(
        [
            *(sys.executable, "-m", "tests.killed", command, "config.yaml"),
            *("--kills", str(kills), "--longest", str(longest)),
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": SEARCHED},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    seconds = re.search(rf"{command}: {kills} kills, then (.*) s\n$", found.stdout)
    assert seconds, found.stdout
    paths = [folder / name for name in LEFT[stage]]
    files = [sorted(path.iterdir()) if path.is_dir() else [path] for path in paths]
    return [file.read_bytes() for file in chain(*files)], float(seconds[1])


@pytest.mark.parametrize("stage", LEFT)
def test_nothing_is_lost(stage: str, tmp_path: Path) -> None:
    """The same bytes as without; `python -m tests.killed` kills as often as it is told."""
    structures = write_labelled(tmp_path / "structures.extxyz")
    whole, seconds = _left(tmp_path / "whole", stage, structures, 0, 0.0)
    # attempts so short that all of them together would not come to the end
    killed, _ = _left(tmp_path / "killed", stage, structures, KILLS, seconds / KILLS)
    assert killed == whole
