"""What a training logged, epoch by epoch."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eippot.errors import DataError

#: what selects the best epoch, and whether more of it is better.
_MONITORS = {"validation_score": False, "validation_accuracy": True}


@dataclass(frozen=True)
class Series:
    """One quantity in the course of a training.

    Attributes
    ----------
    steps
        ``(n,)`` steps of the optimizer that had been taken.
    values
        ``(n,)`` finite values.
    """

    steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class History:
    """Everything that was logged.

    Attributes
    ----------
    series
        By the name of the column of ``metrics.csv``; only those with a value.
    best_epoch
        The epoch whose weights were kept, counted from 1.
    best_step
        Steps that had been taken at its end.
    """

    series: dict[str, Series]
    best_epoch: int
    best_step: int

    def named(self, prefix: str) -> dict[str, Series]:
        """Series whose names begin in one way, by the rest of their names."""
        return {
            name.removeprefix(prefix): found
            for name, found in self.series.items()
            if name.startswith(prefix)
        }


def read_history(path: Path) -> History:
    """Read ``metrics.csv``.

    Raises
    ------
    DataError
        It is missing, is not what a training writes, or tells nothing of a validation.
    """
    points: dict[str, list[tuple[int, float]]] = defaultdict(list)
    epochs: dict[int, int] = {}
    try:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                step = int(row.pop("step")) + 1
                epochs[step] = int(row.pop("epoch")) + 1
                for name, text in row.items():
                    if text and np.isfinite(float(text)):
                        points[name].append((step, float(text)))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"Expected losses and validation errors by epoch in {path}, got none: {error!r}.",
            "Restore the file from a copy; a training writes it anew.",
        ) from None
    series = {
        name: Series(*map(np.array, zip(*found, strict=True))) for name, found in points.items()
    }
    monitors = [name for name in _MONITORS if name in series]
    if not monitors:
        raise DataError(f"Expected {' or '.join(_MONITORS)} in {path}, got {', '.join(series)}.")
    watched = series[monitors[0]]
    best = watched.values.argmax() if _MONITORS[monitors[0]] else watched.values.argmin()
    step = int(watched.steps[best])
    return History(series, epochs[step], step)
