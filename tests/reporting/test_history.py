"""What a training logged is read as it was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eippot.errors import DataError
from eippot.reporting.history import read_history


def _write(folder: Path, text: str) -> Path:
    (folder / "metrics.csv").write_text(text)
    return folder / "metrics.csv"


def test_each_quantity_by_the_steps_that_were_taken(tmp_path: Path) -> None:
    """An epoch has a line for its validation and one for its losses."""
    lines = ["epoch,loss,step,validation_score", "0,,6,9.0", "0,0.5,6,", "1,,13,nan", "1,0.25,13,"]
    history = read_history(_write(tmp_path, "\n".join(lines)))
    assert set(history.series) == {"loss", "validation_score"}
    np.testing.assert_array_equal(history.series["loss"].steps, [7, 14])
    np.testing.assert_array_equal(history.series["loss"].values, [0.5, 0.25])
    np.testing.assert_array_equal(history.series["validation_score"].values, [9.0])
    assert set(history.named("validation_")) == {"score"}


@pytest.mark.parametrize(("monitor", "best"), [("score", 2), ("accuracy", 3)])
def test_the_best_epoch_is_the_first_of_the_best(tmp_path: Path, monitor: str, best: int) -> None:
    """Least of a score, most of an accuracy, as it was when the weights were kept."""
    values = (0.5, 0.25, 0.75, 0.25, 0.75)
    lines = [f"{epoch},{4 * epoch + 3},{value}" for epoch, value in enumerate(values)]
    history = read_history(
        _write(tmp_path, "\n".join([f"epoch,step,validation_{monitor}", *lines]))
    )
    assert (history.best_epoch, history.best_step) == (best, 4 * best)


@pytest.mark.parametrize("text", ["", "once upon a time\n1\n", "epoch,step,loss\n0,6,low\n"])
def test_what_no_training_writes(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"metrics\.csv"):
        read_history(_write(tmp_path, text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Expected losses and validation errors"):
        read_history(tmp_path / "metrics.csv")
