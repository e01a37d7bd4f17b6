"""How the training stages keep and cut their data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
from eippot.stages import classify, finetune, pretrain
from tests.synthetic import TINY_MODEL, training, write_labelled


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "labelled.extxyz"
    return write_labelled(path, n_labelled=10, n_unlabelled=5)


def _config(structures: Path, output: Path, **changes: object) -> dict[str, Any]:
    data = {"structures": structures}
    base = {"data": data, "training": training(epochs=1), "model": TINY_MODEL, "output": output}
    return base | changes


def _finetune(structures: Path, output: Path, **changes: object) -> finetune.FinetuneResult:
    config = FinetuneConfig.model_validate(_config(structures, output, **changes))
    return finetune.run(config, progress=False)


def test_kept_neighbor_lists_change_nothing(labelled: Path, tmp_path: Path) -> None:
    """Of one set of structures they are kept once, whatever the split and the stage."""
    lists = tmp_path / "lists"
    weights = []
    for name, folder, seed in (("plain", None, 0), ("kept", lists, 1), ("again", lists, 0)):
        data = {"structures": labelled, "neighbor_lists": folder, "seed": seed}
        result = _finetune(labelled, tmp_path / name, data=data)
        weights.append((result.directory / "model.safetensors").read_bytes())
    assert weights[0] == weights[2] != weights[1]
    assert len(list(lists.iterdir())) == 1, "the DFT-labelled structures"
    config = _config(labelled, tmp_path / "pretrained", data=data)
    pretrain.run(PretrainConfig.model_validate(config), progress=False)
    config = _config(labelled, tmp_path / "augmented.extxyz", data=data) | {"run": tmp_path / "run"}
    classify.run(ClassifyConfig.model_validate(config), progress=False)
    assert len(list(lists.iterdir())) == 2, "and all of them"


def test_batches_by_edges(labelled: Path, tmp_path: Path) -> None:
    few, many = (
        _finetune(labelled, tmp_path / str(n), training=training(epochs=1, batch_edges=n))
        for n in (1, 10**9)
    )
    assert few.fit.steps == few.training_labels
    assert many.fit.steps == 1
