from __future__ import annotations

from pathlib import Path

from eippot.structures.io import read_structures
from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_stack(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    output = tmp_path / "stacked.extxyz"
    pretrained = pipeline.directory / "pretrained"
    found = eippot("stack", "-s", pipeline.labelled, "-o", output, "--pretrained", pretrained)
    assert found.code == 0
    assert "5 validation structures" in found.out
    text = " ".join(found.out.split())
    assert "Fitted to 21 DFT labels. Weak labels for 10 of 12 structures" in text
    assert f"Wrote {output}" in found.out
    assert sum("weak_energy" in atoms.info for atoms in read_structures(output)) == 10


def test_stack_finetunes(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    """Weak labels without forces are learned from beside DFT labels that have them."""
    output, run = tmp_path / "stacked.extxyz", tmp_path / "run"
    pretrained = pipeline.directory / "pretrained"
    eippot("stack", "-s", pipeline.labelled, "-o", output, "--pretrained", pretrained)
    short = ("--set", "training.epochs=1", "--set", "training.threads=1")
    found = eippot("finetune", "-s", output, "-o", run, "--pretrained", pretrained, *short)
    assert found.code == 0
    assert "10 weak labels" in " ".join(found.out.split())
    header, *_ = (run / "metrics.csv").read_text().splitlines()
    assert "loss_weak_energy" in header
