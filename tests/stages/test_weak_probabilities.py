"""How sure the classifier is: calibrated, written beside each weak label, and a reason for none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from scipy.special import softmax

from eippot.config.stages import ClassifyConfig
from eippot.data.forecast import Forecast
from eippot.data.store import build_graphs
from eippot.models.potential import Classifier
from eippot.models.saved import load_model
from eippot.stages import classify
from eippot.structures.io import has_reference_energy, read_structures
from eippot.structures.splits import split_labelled
from eippot.training.calibration import calibrate
from eippot.training.objectives import class_logits
from tests.pipeline import Pipeline
from tests.synthetic import TINY_MODEL, training


def _classify(structures: Path, folder: Path, threshold: float) -> classify.ClassifyResult:
    config = {
        "data": {"structures": structures},
        "output": folder / f"augmented{threshold}.extxyz",
        "run": folder / f"classifier{threshold}",
        "model": TINY_MODEL,
        "training": training(epochs=2),
        "threshold": threshold,
    }
    return classify.run(ClassifyConfig.model_validate(config), progress=False)


def test_written_probabilities_are_those_at_the_temperature(pipeline: Pipeline) -> None:
    card, model = load_model(pipeline.directory / "classifier")
    assert isinstance(model, Classifier)
    assert card.temperature == pipeline.classify.calibration.temperature != 1.0
    structures = [a for a in read_structures(pipeline.classify.output) if "weak_eip" in a.info]
    graphs = build_graphs(structures, card.species, card.model.cutoff, torch.float32)
    with torch.no_grad():
        logits = class_logits(model, graphs.batch()).double().numpy()
    expected = softmax(logits / card.temperature, axis=1).max(axis=1)
    found = [atoms.info["weak_probability"] for atoms in structures]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_summary_tells_accuracy_and_calibration(pipeline: Pipeline) -> None:
    summary = yaml.safe_load((pipeline.directory / "classifier" / "summary.yaml").read_text())
    calibration = pipeline.classify.calibration
    assert summary["calibration"]["temperature"] == calibration.temperature
    assert summary["calibration"]["error_after"] == calibration.error_after
    assert summary["confusion"] == pipeline.classify.confusion.tolist()
    assert summary["below_threshold"] == 0
    assert pipeline.classify.forecast
    assert Forecast(**summary["forecast"]) == pipeline.classify.forecast


def test_the_validation_split_is_what_is_calibrated_on(pipeline: Pipeline) -> None:
    """Of these structures, ``twin`` is right by construction."""
    card, model = load_model(pipeline.directory / "classifier")
    labelled = [a for a in read_structures(pipeline.labelled) if has_reference_energy(a)]
    validation = split_labelled(labelled, 0.2, 0)[1]
    graphs = build_graphs(validation, card.species, card.model.cutoff, torch.float32)
    with torch.no_grad():
        logits = class_logits(model, graphs.batch()).double().numpy()
    found = calibrate(logits, np.full(len(validation), card.outputs.index("twin")))
    assert found.temperature == pytest.approx(card.temperature, rel=1e-3)


def test_the_threshold_takes_the_least_probable_labels_away(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    plain = _classify(pipeline.labelled, tmp_path, 0.0)
    before = [a for a in read_structures(plain.output) if "weak_eip" in a.info]
    probability = np.array([atoms.info["weak_probability"] for atoms in before])
    chosen = np.array([atoms.info["weak_eip"] != "none" for atoms in before])
    threshold = round(float(np.median(probability[chosen])), 6)
    strict = _classify(pipeline.labelled, tmp_path, threshold)
    after = [a for a in read_structures(strict.output) if "weak_eip" in a.info]
    kept = np.array(["weak_energy" in atoms.info for atoms in after])
    np.testing.assert_array_equal(kept, chosen & (probability >= threshold))
    assert 0 < kept.sum() < chosen.sum()
    assert strict.below_threshold == chosen.sum() - kept.sum()
    for old, new, has in zip(before, after, kept, strict=True):
        assert new.info["weak_eip"] == (old.info["weak_eip"] if has else "none")
        assert new.info["weak_probability"] == old.info["weak_probability"]
    assert strict.usage["none"] == plain.usage["none"] + strict.below_threshold
