from __future__ import annotations

import re
from pathlib import Path

import pytest
from eippot_cli.output import console

from eippot.structures.io import read_structures
from tests.cli.arguments import SHORT, TINY
from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_classify(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    output, run = tmp_path / "augmented.extxyz", tmp_path / "classifier"
    arguments = ("-s", pipeline.labelled, "-o", output, "--run", run, *SHORT, *TINY)
    found = eippot("classify", *arguments)
    assert found.code == 0
    assert "Validation: true class (rows), predicted class (columns)" in " ".join(found.out.split())
    assert re.search(r"Accuracy: \d of 5 \(\d+%\)", found.out)
    assert re.search(r"calibration error: 0\.\d+, at temperature \d+\.\d+ 0\.\d+", found.out)
    assert "Weak labels:" in found.out
    assert re.search(r"EIPs know \d+%", " ".join(found.out.split()))
    assert f"Wrote {output}" in found.out
    assert f"└─ {run}" in found.out
    assert len(read_structures(output)) == 38


def test_classify_with_a_threshold(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_width", 31)
    paths = ("-o", tmp_path / "a.extxyz", "--run", tmp_path / "run", "--set=threshold=0.999999")
    found = eippot("classify", "-s", pipeline.labelled, *paths, *SHORT, *TINY)
    assert found.code == 0
    assert "predicted class (columns)" not in found.out
    assert f"Confusion of 3 classes: eippot report {tmp_path / 'run'}" in found.out
    printed = " ".join(found.out.split())
    left_out = re.search(r"(\d+) of none, since no class was probable enough", printed)
    assert left_out
    assert int(left_out[1]) > 0


def test_classify_from_a_pretrained_run(
    eippot: Program, pipeline: Pipeline, tmp_path: Path
) -> None:
    pretrained = pipeline.directory / "pretrained"
    paths = ("-o", tmp_path / "a.extxyz", "--run", tmp_path / "run", "--pretrained", pretrained)
    assert eippot("classify", "-s", pipeline.labelled, *paths, *SHORT).code == 0
    assert f"pretrained: {pretrained}" in (tmp_path / "run" / "config.yaml").read_text()
