"""Training: it learns, keeps the best weights, averages them, stops early, and repeats itself."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from eippot.config.training import ScheduleConfig
from eippot.errors import EippotError
from eippot.kernels.library import build_library
from eippot.models import schnet
from eippot.models.potential import Potential
from eippot.training import task
from eippot.training.objectives import Metrics
from tests.training.problem import loaders, objective, recorded_batches, settings, train


def _column(directory: Path, name: str) -> list[float]:
    with (directory / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


def _validation_score(model: Potential) -> float:
    """The score, reckoned from single structures: √1 · MAE(E/N) + √0.1 · MAE(F)."""
    _, validation = loaders(settings(precision=str(model.scale.dtype).removeprefix("torch.")))
    energies: list[float] = []
    forces: list[float] = []
    for batch in validation:
        found: Metrics = objective().metrics(model, batch)
        energy, count = found["validation_energy_mae_per_atom"]
        energies += [float(energy)] * count
        force, count = found["validation_forces_mae"]
        forces += [float(force)] * count
    return float(np.mean(energies) + 0.1**0.5 * np.mean(forces))


def _weights(model: Potential) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize(("steps", "epochs"), [(7, 4), (8, 4), (1, 1)])
def test_steps_are_whole_epochs(tmp_path: Path, steps: int, epochs: int) -> None:
    """Of two steps each; the last one is validated, and the rate has come to its end."""
    _, result = train(tmp_path, settings(steps=steps))
    assert (result.epochs, result.steps, result.ended_by) == (epochs, 2 * epochs, "steps")
    assert len(_column(tmp_path, "validation_score")) == epochs


def test_the_rate_of_every_epoch_is_logged(tmp_path: Path) -> None:
    """Four epochs of two steps: the rate that each ends with."""
    schedule = {"kind": "linear", "rate": 8e-3, "final": 0.0, "warmup": 0.0}
    train(tmp_path, settings(epochs=4, schedule=schedule))
    assert _column(tmp_path, "learning_rate") == pytest.approx([6e-3, 4e-3, 2e-3, 0.0])


@pytest.mark.parametrize(("precision", "ema_decay"), [("float32", 0.9), ("float64", 0.0)])
def test_it_learns(tmp_path: Path, precision: str, ema_decay: float) -> None:
    config = settings(precision=precision, epochs=20, ema_decay=ema_decay)
    model, result = train(tmp_path, config)
    losses = _column(tmp_path, "loss")
    assert len(losses) == result.epochs == 20
    assert result.steps == 40
    assert result.ended_by == "epochs"
    assert min(losses) < 0.2 * losses[0]
    assert {p.dtype for p in model.parameters()} == {getattr(torch, precision)}


@pytest.mark.parametrize("ema_decay", [0.0, 0.8])
def test_the_best_weights_are_kept(tmp_path: Path, ema_decay: float) -> None:
    """A high rate makes the score jump; what is kept and what is reported is its minimum."""
    config = settings(epochs=8, ema_decay=ema_decay, schedule={"kind": "constant", "rate": 0.3})
    model, result = train(tmp_path, config)
    scores = _column(tmp_path, "validation_score")
    assert len(scores) == 8
    assert min(scores) < 0.99 * scores[-1]
    assert result.metrics["validation_score"] == pytest.approx(min(scores), rel=1e-4)
    assert _validation_score(model) == pytest.approx(min(scores), rel=1e-4)


def test_averaging_changes_the_weights_and_not_the_path(tmp_path: Path) -> None:
    plain, _ = train(tmp_path / "plain", settings(epochs=3))
    averaged, _ = train(tmp_path / "averaged", settings(epochs=3, ema_decay=0.9))
    assert _column(tmp_path / "plain", "loss") == _column(tmp_path / "averaged", "loss")
    assert not torch.allclose(_weights(plain), _weights(averaged))


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    one, _ = train(tmp_path / "one", settings(epochs=3, ema_decay=0.9))
    two, _ = train(tmp_path / "two", settings(epochs=3, ema_decay=0.9))
    other, _ = train(tmp_path / "other", settings(epochs=3, ema_decay=0.9, seed=1))
    assert torch.equal(_weights(one), _weights(two))
    assert not torch.equal(_weights(one), _weights(other))


def test_every_epoch_has_an_order_of_its_own(tmp_path: Path) -> None:
    with recorded_batches() as batches:
        train(tmp_path, settings(epochs=3))
    epochs = [sum(batches[i : i + 2], []) for i in (0, 2, 4)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(epochs[2])
    assert len(set(epochs[0])) == 12


def test_early_stopping(tmp_path: Path) -> None:
    config = settings(epochs=500, patience=3, schedule={"kind": "constant", "rate": 0.05})
    _, result = train(tmp_path, config)
    scores = _column(tmp_path, "validation_score")
    assert len(scores) == result.epochs < 500
    assert result.ended_by == "patience"
    assert int(np.argmin(scores)) == len(scores) - 1 - 3


@pytest.mark.parametrize("max_seconds", [0.5, 1e-3])
def test_it_stops_in_time_at_the_end_of_the_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_seconds: float
) -> None:
    """Even within the first epoch, after which it is validated."""
    progress = []

    def rate_factor(config: ScheduleConfig, step: int, total: int) -> float:
        progress.append(step / total)
        return 1.0

    monkeypatch.setattr(task, "rate_factor", rate_factor)
    endless = settings(epochs=10**6, patience=10**6, max_seconds=max_seconds, ema_decay=0.9)
    _, result = train(tmp_path, endless)
    assert result.ended_by == "max_seconds"
    assert result.epochs == len(_column(tmp_path, "validation_score")) < 10**5
    assert progress[0] == 0.0
    assert progress == sorted(progress)
    assert progress[-1] > 0.9


def test_a_training_that_diverges_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EippotError, match="training diverged: .*validation_score.: nan"):
        train(tmp_path, settings(epochs=3, schedule={"kind": "constant", "rate": 1e30}))


def test_the_rate_follows_the_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step by step, from the first to the last of the whole training."""
    calls = []

    def rate_factor(config: ScheduleConfig, step: int, total: int) -> float:
        calls.append((step, total))
        return 0.0 if step else 1.0

    monkeypatch.setattr(task, "rate_factor", rate_factor)
    model, _ = train(tmp_path / "three", settings(epochs=3))
    assert sorted(set(calls)) == [(step, 6) for step in range(7)]
    one_step, _ = train(tmp_path / "one", settings(epochs=1, batch_size=6))
    assert torch.equal(_weights(model), _weights(one_step)), "without a rate nothing moves"


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    train(tmp_path, settings(epochs=2))
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == [
        "best.ckpt",
        "last.ckpt",
        "lock",
    ]
    assert _column(tmp_path, "validation_energy_mae_per_atom")


def test_means_over_batches_count_values() -> None:
    means = task.RunningMeans()
    means.add("a", torch.tensor(1.0), 1)
    means.add("a", torch.tensor(4.0), 2)
    means.add("b", torch.tensor(5.0), 3)
    assert {name: float(value) for name, value in means.take().items()} == {"a": 3.0, "b": 5.0}
    assert means.take() == {}


def test_kernels_change_losses_by_no_more_than_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_library()
    losses = []
    for with_kernels in (True, False):
        if not with_kernels:
            monkeypatch.setattr(schnet, "available", lambda device: False)
        directory = tmp_path / str(with_kernels)
        train(directory, settings())
        losses.append(_column(directory, "loss"))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
