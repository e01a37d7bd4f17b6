"""A training that was ended goes on as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader
from torch_geometric.data import Batch

from eippot.errors import ConfigError, DataError
from eippot.training.fit import FitResult
from eippot.training.objectives import PotentialObjective
from eippot.training.resuming import BestWeights, held
from tests.training import problem
from tests.training.problem import settings, train

CONFIG = settings(epochs=8, ema_decay=0.9, patience=7)
SHORT = settings(epochs=3)


class Ended(BaseException):
    """As a signal would, it passes every handler of ordinary errors."""


def _ending(call: int, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that ends the training when it is called for the so many-th time."""
    calls = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Ended
        return method(*arguments, **options)

    return counted


def _end(
    monkeypatch: pytest.MonkeyPatch, directory: Path, owner: type, name: str, call: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _ending(call, getattr(owner, name)))
        with pytest.raises(Ended):
            train(directory, CONFIG)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, torch.Tensor], Path]:
    directory = tmp_path_factory.mktemp("whole")
    return train(directory, CONFIG)[0].state_dict(), directory


@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        (PotentialObjective, "loss", 1),  # nothing has been saved
        (PotentialObjective, "loss", 2 * 3),  # within the third epoch
        (PotentialObjective, "metrics", 3 * 3 - 1),  # while it is validated
        (BestWeights, "_save_topk_checkpoint", 4),  # one epoch before the checkpoints
        (BestWeights, "_save_last_checkpoint", 4),  # between them
        (PotentialObjective, "metrics", 8 * 3 + 1),  # after the last epoch
    ],
)
def test_it_goes_on_as_if_nothing_had_happened(
    whole: tuple[dict[str, torch.Tensor], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    call: int,
) -> None:
    _end(monkeypatch, tmp_path, owner, name, call)
    weights = train(tmp_path, CONFIG)[0].state_dict()
    assert all(torch.equal(weights[name], weight) for name, weight in whole[0].items())
    assert (tmp_path / "metrics.csv").read_text() == (whole[1] / "metrics.csv").read_text()


def test_it_may_end_again_and_elsewhere(
    whole: tuple[dict[str, torch.Tensor], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "0"
    for call in range(1, 6):
        _end(monkeypatch, place, PotentialObjective, "loss", 3)
        place = place.rename(tmp_path / str(call))
    weights, result = train(place, CONFIG)
    assert result.epochs == 8
    found = weights.state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in whole[0].items())


def test_time_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _end(monkeypatch, tmp_path, PotentialObjective, "loss", 6)
    last = tmp_path / "checkpoints" / "last.ckpt"
    state = torch.load(last, weights_only=True)
    state["callbacks"]["Continuation"]["elapsed"] = 1000.0
    torch.save(state, last)
    assert train(tmp_path, CONFIG)[1].seconds > 1000.0


def test_other_data_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _end(monkeypatch, tmp_path, PotentialObjective, "loss", 6)
    loaders = problem.loaders

    def exchanged(config: Any) -> tuple[DataLoader[Batch], DataLoader[Batch]]:
        return loaders(config)[0], loaders(config)[0]

    monkeypatch.setattr(problem, "loaders", exchanged)
    with pytest.raises(DataError, match="Expected the data that this run was begun with"):
        train(tmp_path, CONFIG)


@pytest.mark.parametrize("content", [b"", b"half of a checkpoint", b"\x80\x02cos\nsystem\n."])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(content)
    with pytest.raises(DataError, match=r"last\.ckpt cannot be read"):
        train(tmp_path, SHORT)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    def training() -> FitResult:
        return train(tmp_path, SHORT)[1]

    with held(tmp_path / "checkpoints") as last:
        assert last is None
        with pytest.raises(ConfigError, match="Another process is training into"):
            training()
    assert training().epochs == 3
