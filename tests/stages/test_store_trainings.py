"""Trainings from a store: the weights that the same structures in a file give, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eippot.config.perturb import PerturbConfig
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig, StackConfig
from eippot.errors import DataError
from eippot.stages import classify, finetune, perturb, pretrain, stack
from eippot.structures.io import open_structures, read_structures, write_structures
from tests.synthetic import TINY_MODEL, training

if TYPE_CHECKING:
    from tests.pipeline import Pipeline


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.structures.arrow_store.MOST_STRUCTURES", 9)
    monkeypatch.setattr("eippot.data.store._AT_ONCE", 5)


@pytest.fixture
def store(pipeline: Pipeline, tmp_path: Path) -> Path:
    write_structures(tmp_path / "set.arrow", read_structures(pipeline.labelled))
    return tmp_path / "set.arrow"


def _base(structures: Path, **changes: Any) -> dict[str, Any]:
    return {"data": {"structures": structures}, "training": training()} | changes


def _weights(run: Path) -> bytes:
    return (run / "model.safetensors").read_bytes()


def test_pretraining(pipeline: Pipeline, store: Path, tmp_path: Path) -> None:
    config = _base(store, output=tmp_path / "run", model=TINY_MODEL)
    found = pretrain.run(PretrainConfig.model_validate(config), progress=False)
    assert _weights(found.directory) == _weights(pipeline.pretrain.directory)
    assert found.fit.metrics == pipeline.pretrain.fit.metrics
    assert found.alignments == pipeline.pretrain.alignments


def test_classification(pipeline: Pipeline, store: Path, tmp_path: Path) -> None:
    config = _base(store, output=tmp_path / "augmented.arrow", run=tmp_path / "run")
    config |= {"pretrained": pipeline.pretrain.directory, "training": training(epochs=12)}
    found = classify.run(ClassifyConfig.model_validate(config), progress=False)
    assert _weights(found.directory) == _weights(pipeline.classify.directory)
    assert found.usage == pipeline.classify.usage
    expected = read_structures(pipeline.classify.output)
    for one, other in zip(open_structures(found.output), expected, strict=True):
        assert one.info.keys() == other.info.keys()
        for key, value in other.info.items():
            assert np.array_equal(one.info[key], value), key
        for key, array in other.arrays.items():
            np.testing.assert_allclose(one.arrays[key], array, atol=1e-8)


def test_finetuning(pipeline: Pipeline, tmp_path: Path) -> None:
    write_structures(tmp_path / "set.arrow", read_structures(pipeline.classify.output))
    config = _base(tmp_path / "set.arrow", output=tmp_path / "run")
    config |= {"pretrained": pipeline.pretrain.directory, "loss": {"weights": {"stress": 0.1}}}
    found = finetune.run(FinetuneConfig.model_validate(config), progress=False)
    assert _weights(found.directory) == _weights(pipeline.finetune.directory)
    assert found.label_counts == pipeline.finetune.label_counts
    assert found.weak_labels == pipeline.finetune.weak_labels > 0


def test_other_stages_take_a_store(pipeline: Pipeline, store: Path, tmp_path: Path) -> None:
    copies = [tmp_path / "file.extxyz", tmp_path / "store.extxyz"]
    for source, output in zip((pipeline.labelled, store), copies, strict=True):
        perturb.run(PerturbConfig(input=source, output=output, copies=1))
    assert copies[0].read_bytes() == copies[1].read_bytes()
    found = stack.run(
        StackConfig.model_validate(
            {"data": {"structures": store}, "output": tmp_path / "s.arrow", "method": "combination"}
        )
    )
    assert found.weak_labels == sum("weak_energy" in a.info for a in open_structures(found.output))


def test_a_stage_that_holds_all_in_memory_says_so(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eippot.structures.io.MOST_IN_MEMORY", 10)
    config = {"data": {"structures": store}, "output": tmp_path / "s.arrow"}
    with pytest.raises(DataError, match="at most 10 structures"):
        stack.run(StackConfig.model_validate(config | {"method": "combination"}))
