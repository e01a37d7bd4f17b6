"""finetune with anchors: the EIPs of a pretrained run stay known while DFT is learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.config.stages import FinetuneConfig
from eippot.errors import ConfigError, DataError
from eippot.models.saved import load_card
from eippot.stages import export, finetune
from eippot.structures.io import has_reference_energy, read_structures, write_structures
from eippot.structures.splits import split_labelled
from tests.pipeline import Pipeline
from tests.synthetic import training


def _finetune(pipeline: Pipeline, output: Path, **changes: Any) -> finetune.FinetuneResult:
    config = {
        "data": {"structures": pipeline.labelled},
        "output": output,
        "pretrained": pipeline.directory / "pretrained",
        "training": training(),
        "anchor": 1.0,
    }
    return finetune.run(FinetuneConfig.model_validate(config | changes), progress=False)


def test_what_is_left_is_an_ordinary_potential(pipeline: Pipeline, tmp_path: Path) -> None:
    """Without heads of EIPs; validation errors are those of the exported file."""
    result = _finetune(pipeline, tmp_path / "run")
    assert load_card(result.directory).outputs == ("dft",)
    export.run(ExportConfig(runs=(tmp_path / "run",), output=tmp_path / "model.pt"))
    calculator = EippotCalculator(tmp_path / "model.pt")
    labelled = [a for a in read_structures(pipeline.labelled) if has_reference_energy(a)]
    forces = []
    for atoms in split_labelled(labelled, 0.2, 0)[1]:
        atoms.calc = calculator
        forces.append(np.abs(atoms.get_forces() - atoms.arrays["REF_forces"]).ravel())
    expected = 1000 * np.concatenate(forces).mean()
    assert result.fit.metrics["validation_forces_mae"] == pytest.approx(expected, rel=1e-3)
    logged = (tmp_path / "run" / "metrics.csv").read_text().splitlines()[0]
    assert "loss_forces_of_eips" in logged


def test_structures_that_only_eips_know_are_learnt_from(pipeline: Pipeline, tmp_path: Path) -> None:
    """Other labels of EIPs for those without a DFT label make another potential."""
    weights = []
    for factor in (1.0, 1.1):
        structures = read_structures(pipeline.labelled)
        for atoms in structures:
            if not has_reference_energy(atoms):
                atoms.info["eip_far_energy"] *= factor
        path = tmp_path / f"{factor}.extxyz"
        write_structures(path, structures)
        run = _finetune(pipeline, tmp_path / f"run-{factor}", data={"structures": path}).directory
        weights.append((run / "model.safetensors").read_bytes())
    assert weights[0] != weights[1]


@pytest.mark.parametrize(
    "changes", [{"pretrained": None}, {"head": "fresh"}, {"committee": 2}], ids=str
)
def test_anchors_need_something_to_hold(
    pipeline: Pipeline, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="with `anchor` > 0, got"):
        _finetune(pipeline, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_anchors_need_structures(pipeline: Pipeline, tmp_path: Path) -> None:
    labelled = [a for a in read_structures(pipeline.labelled) if has_reference_energy(a)]
    write_structures(tmp_path / "labelled.extxyz", labelled)
    with pytest.raises(DataError, match="one of far, twin, which are to anchor; got none among 0"):
        _finetune(pipeline, tmp_path / "run", data={"structures": tmp_path / "labelled.extxyz"})
    assert not (tmp_path / "run").exists()
