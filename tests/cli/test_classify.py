from __future__ import annotations

from pathlib import Path

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
    assert "Weak labels:" in found.out
    assert f"Wrote {output}" in found.out
    assert f"└─ {run}" in found.out
    assert len(read_structures(output)) == 38


def test_classify_from_a_pretrained_run(
    eippot: Program, pipeline: Pipeline, tmp_path: Path
) -> None:
    pretrained = pipeline.directory / "pretrained"
    paths = ("-o", tmp_path / "a.extxyz", "--run", tmp_path / "run", "--pretrained", pretrained)
    assert eippot("classify", "-s", pipeline.labelled, *paths, *SHORT).code == 0
    assert f"pretrained: {pretrained}" in (tmp_path / "run" / "config.yaml").read_text()
