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
    assert "energy MAE [meV/atom]" in found.out
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


def test_a_blend_shows_its_shares(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    """And how good each member is."""
    pretrained, run = (pipeline.directory / name for name in ("pretrained", "run"))
    options = {"method": "blend", "runs": f"[{run}]"}
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    output = tmp_path / "stacked.extxyz"
    found = eippot(
        *("stack", "-s", pipeline.labelled, "-o", output, "--pretrained", pretrained), *settings
    )
    assert found.code == 0
    rows = [line.split("│")[1:-1] for line in found.out.splitlines() if line.count("│") == 6]
    shares = [[float(row[k].strip().removesuffix(" %")) for row in rows] for k in (1, 3)]
    assert len(rows) == 3
    assert all(99.0 <= sum(some) <= 101.0 for some in shares)
    assert "MAE [meV/Å]" in found.out


def test_a_network_to_teach_is_looked_for(
    eippot: Program, pipeline: Pipeline, tmp_path: Path
) -> None:
    """And it has to be a finetuned one."""
    pretrained = pipeline.directory / "pretrained"
    arguments = ("stack", "-s", pipeline.labelled, "-o", tmp_path / "stacked.extxyz")
    more = ("--pretrained", pretrained, "--set", "method=blend", "--set", f"runs=[{pretrained}]")
    found = eippot(*arguments, *more)
    assert found.code == 1
    assert "Expected a run of `eippot finetune`" in " ".join(found.err.split())
