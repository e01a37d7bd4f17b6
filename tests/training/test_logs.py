"""Metrics go to TensorBoard and to Weights & Biases as they go to metrics.csv."""

from __future__ import annotations

import csv
import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from wandb.proto.wandb_internal_pb2 import Record

from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
from eippot.errors import MissingDependencyError
from eippot.stages import classify, finetune, pretrain
from eippot.training.objectives import PotentialObjective
from tests.training.problem import settings, train
from tests.training.test_resuming import _end

BOTH = settings(epochs=3, loggers=["tensorboard", "wandb"])


def _scores(directory: Path) -> list[float]:
    with (directory / "metrics.csv").open() as file:
        return [float(row["validation_score"]) for row in csv.DictReader(file)]


def _of_tensorboard(directory: Path) -> list[float]:
    events = EventAccumulator(str(directory / "tensorboard"))
    events.Reload()
    return [event.value for event in events.Scalars("validation_score")]


def _of_wandb(directory: Path) -> list[list[float]]:
    """Of each run."""
    runs = []
    for path in sorted(directory.glob("wandb/offline-run-*/run-*.wandb")):
        found = []
        for record in map(Record.FromString, _records(path.read_bytes())):
            for item in record.history.item:
                if "validation_score" in (item.key, *item.nested_key):
                    found.append(json.loads(item.value_json))
        runs.append(found)
    return runs


def _records(data: bytes) -> Iterator[bytes]:
    """Of a log as LevelDB has it, in blocks that no piece of a record crosses."""
    block, head, record = 1 << 15, 7, b""
    at = head  # of the file, as long as that of a piece
    while at + head <= len(data):
        left = block - at % block
        if left < head:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        at += head + length
        record += data[at - length : at]
        if kind in (1, 4):  # whole, or the last piece
            yield record
            record = b""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def test_all_hear_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a training that was ended in its midst, once."""
    run = tmp_path / "run"
    monkeypatch.setattr("tests.training.test_resuming.CONFIG", BOTH)
    _end(monkeypatch, run, PotentialObjective, "loss", 2 * 2 + 1)
    train(run, BOTH)
    scores = _scores(run)
    assert len(scores) == 3
    assert _of_tensorboard(run) == pytest.approx(scores)
    assert sorted(_of_wandb(run), key=len) == [pytest.approx(scores[:2]), pytest.approx(scores)]


def test_loggers_change_nothing(tmp_path: Path) -> None:
    weights = []
    for name, config in (
        ("with", settings(epochs=2, loggers=["tensorboard"])),
        ("", settings(epochs=2)),
    ):
        model, _ = train(tmp_path / name, config)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*weights)
    assert not (tmp_path / "tensorboard").exists()


@pytest.mark.parametrize(
    ("kind", "stage"),
    [(PretrainConfig, pretrain), (ClassifyConfig, classify), (FinetuneConfig, finetune)],
)
def test_a_missing_package_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, stage: object
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    content = {"data": {"structures": "absent"}, "output": tmp_path / "o", "run": tmp_path / "r"}
    if kind is not ClassifyConfig:
        del content["run"]
    config = kind.model_validate(content | {"training": {"loggers": ["wandb"]}})  # type: ignore[attr-defined]
    with pytest.raises(MissingDependencyError) as error:
        stage.run(config)  # type: ignore[attr-defined]
    assert error.value.hint == "pip install 'eippot[wandb]'"
