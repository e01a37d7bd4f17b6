from __future__ import annotations

from pathlib import Path

import yaml

from eippot.structures.io import read_structures, write_structures
from tests.cli.arguments import SHORT, TINY
from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_finetune(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    found = eippot("finetune", "-s", pipeline.labelled, "-o", tmp_path / "run", *SHORT, *TINY)
    assert found.code == 0
    assert "Labels in the file" in found.out
    assert "Reference energies: C -40.0000 eV, Si -100.0000 eV" in found.out
    assert "21 DFT labels for training, 5 for validation, and 0 weak labels" in found.out
    assert "Best validation: energy_mae_per_atom" in found.out
    assert "meV/atom" in found.out
    assert (tmp_path / "run" / "model.json").is_file()


def test_finetune_with_everything(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    """Weak labels and a pretrained model; an option set to null is null."""
    pretrained = pipeline.directory / "pretrained"
    found = eippot(
        *("finetune", "-s", pipeline.classify.output, "-o", tmp_path / "run"),
        *("--pretrained", pretrained, "--set", "loss.weak.reference_share=null", *SHORT),
    )
    assert found.code == 0
    assert f"and {pipeline.finetune.weak_labels} weak labels" in found.out
    assert "reference_share: null" in (tmp_path / "run" / "config.yaml").read_text()


def test_doubtful_labels_are_in_the_summary(
    eippot: Program, pipeline: Pipeline, tmp_path: Path
) -> None:
    structures = read_structures(pipeline.labelled)
    for atoms in structures:
        if "REF_stress" in atoms.info:
            atoms.info["REF_stress"] *= -1.0
    write_structures(tmp_path / "pressures.extxyz", structures)
    found = eippot(
        "finetune", "-s", tmp_path / "pressures.extxyz", "-o", tmp_path / "run", *SHORT, *TINY
    )
    assert found.code == 0
    [warning] = yaml.safe_load((tmp_path / "run" / "summary.yaml").read_text())["warnings"]
    assert warning.startswith("Warning about DFT labels (stress): `REF_stress` has the sign of a")


def test_missing_kinds_of_labels_are_shown(
    eippot: Program, pipeline: Pipeline, tmp_path: Path
) -> None:
    text = pipeline.labelled.read_text().replace("REF_forces", "other_forces")
    (tmp_path / "energies.extxyz").write_text(text)
    found = eippot(
        "finetune", "-s", tmp_path / "energies.extxyz", "-o", tmp_path / "run", *SHORT, *TINY
    )
    assert found.code == 0
    (line,) = [line for line in found.out.splitlines() if "REF_forces" in line]
    assert "none" in line
