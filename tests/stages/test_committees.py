"""Several heads in one training: what each learns from, what is reported, what is exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eippot import EippotCalculator
from eippot.config.deployment import EvaluateConfig, ExportConfig
from eippot.config.stages import FinetuneConfig
from eippot.errors import DataError
from eippot.models.saved import load_card, load_model
from eippot.stages import evaluate, export, finetune
from eippot.structures.io import has_reference_energy, read_structures
from eippot.structures.splits import split_labelled
from tests.pipeline import Pipeline
from tests.synthetic import TINY_MODEL, training


def _finetune(structures: Path, output: Path, **changes: Any) -> finetune.FinetuneResult:
    config = {
        "data": {"structures": structures},
        "output": output,
        "training": training(),
        "model": TINY_MODEL,
        "committee": 3,
    }
    return finetune.run(FinetuneConfig.model_validate(config | changes), progress=False)


@pytest.fixture(scope="module")
def run(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> finetune.FinetuneResult:
    """Three heads, trained on DFT labels and weak ones."""
    folder = tmp_path_factory.mktemp("committee")
    result = _finetune(pipeline.classify.output, folder / "run")
    export.run(ExportConfig(runs=(folder / "run",), output=folder / "model.pt"))
    return result


def test_the_run_holds_all_heads(run: finetune.FinetuneResult) -> None:
    assert run.weak_labels > 0
    assert load_card(run.directory).outputs == ("dft_1", "dft_2", "dft_3")
    weight = load_model(run.directory)[1].state_dict()["heads.layers.2.weight"]
    assert len(weight) == 3
    assert (weight[0] != weight[1]).any()


def test_the_mean_is_validated(run: finetune.FinetuneResult, pipeline: Pipeline) -> None:
    """Reported errors, reckoned again through the exported file and ASE."""
    calculator = EippotCalculator(run.directory.parent / "model.pt")
    labelled = [a for a in read_structures(pipeline.labelled) if has_reference_energy(a)]
    forces = []
    for atoms in split_labelled(labelled, 0.2, 0)[1]:
        atoms.calc = calculator
        forces.append(np.abs(atoms.get_forces() - atoms.arrays["REF_forces"]).ravel())
        assert calculator.get_property("forces_std", atoms).max() > 1e-4
    expected = 1000 * np.concatenate(forces).mean()
    assert run.fit.metrics["validation_forces_mae"] == pytest.approx(expected, rel=1e-3)


def test_spread_and_error_are_compared(
    run: finetune.FinetuneResult, pipeline: Pipeline, tmp_path: Path
) -> None:
    config = EvaluateConfig(
        model=run.directory.parent / "model.pt",
        structures=pipeline.labelled,
        output=tmp_path / "out",
    )
    found = evaluate.run(config).spread_correlation
    assert found is not None
    assert -1.0 < found[1] < 1.0


def test_each_head_starts_at_its_own_combination(pipeline: Pipeline, tmp_path: Path) -> None:
    """The combination of EIP heads that fits the structures which the member is shown."""
    rate = {"schedule": {"kind": "constant", "rate": 1e-12}}
    _finetune(
        pipeline.labelled,
        tmp_path / "run",
        pretrained=pipeline.directory / "pretrained",
        model=None,
        training=training(epochs=1, **rate),
    )
    weights = load_model(tmp_path / "run")[1].state_dict()["heads.layers.2.weight"].numpy()
    eips = load_model(pipeline.directory / "pretrained")[1].state_dict()["heads.layers.2.weight"]
    combinations, *_ = np.linalg.lstsq(eips.numpy().T, weights.T, rcond=None)
    np.testing.assert_allclose(eips.numpy().T @ combinations, weights.T, atol=1e-5)
    assert np.abs(combinations[:, 0] - combinations[:, 1]).max() > 1e-3


def test_the_same_seed_gives_the_same_committee(pipeline: Pipeline, tmp_path: Path) -> None:
    one, two = (_finetune(pipeline.labelled, tmp_path / name) for name in ("one", "two"))
    assert one.fit.metrics == two.fit.metrics


def test_more_members_than_structures(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="for a committee of 40, got 21"):
        _finetune(pipeline.labelled, tmp_path / "run", committee=40)
    assert not (tmp_path / "run").exists()
