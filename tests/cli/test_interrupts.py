"""Ctrl-C in a training, and the same command once more."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from eippot.training.task import TrainingTask
from tests.cli.arguments import TINY
from tests.cli.conftest import Program
from tests.pipeline import Pipeline

LENGTH = ["--set=training.epochs=3", "--set=training.threads=1", "--set=training.batch_size=8"]


def test_the_same_command_goes_on(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_interrupt = signal.getsignal(signal.SIGINT)
    command = ("pretrain", "-s", pipeline.labelled, "-o", tmp_path / "run", *LENGTH, *TINY)
    step = TrainingTask.training_step

    def interrupted(task: TrainingTask, *arguments: Any) -> Any:
        if task.current_epoch == 1:
            signal.raise_signal(signal.SIGINT)
        return step(task, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingTask, "training_step", interrupted)
        found = eippot(*command)
    assert found.code == 130
    assert found.err.endswith("The same command goes on after the last whole epoch.\n")
    assert signal.getsignal(signal.SIGINT) is on_interrupt
    assert not (tmp_path / "run" / "summary.yaml").exists()
    found = eippot(*command)
    assert found.code == 0, found.err
    assert f"Going on where the run in {tmp_path / 'run'} ended." in found.out
    assert (tmp_path / "run" / "summary.yaml").exists()
    found = eippot(*command)
    assert found.code == 1
    assert "holds a run already" in found.block


def test_an_unfinished_run_has_one_configuration(
    eippot: Program, pipeline: Pipeline, tmp_path: Path
) -> None:
    command = ("pretrain", "-s", pipeline.labelled, "-o", tmp_path / "run", *LENGTH, *TINY)
    assert eippot(*command).code == 0
    (tmp_path / "run" / "summary.yaml").unlink()
    found = eippot(*command, "--set=training.epochs=4")
    assert found.code == 1
    assert "the configuration that the unfinished run" in found.block
    assert "config.yaml" in found.block
