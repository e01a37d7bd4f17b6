"""Learning-rate schedules: factor of the highest rate as a function of the step."""

from __future__ import annotations

import math

from eippot.config.training import ScheduleConfig


def rate_factor(config: ScheduleConfig, step: int, total: int) -> float:
    """Learning rate at a step, divided by ``config.rate``.

    Parameters
    ----------
    config
        The schedule.
    step
        0 … total.
    total
        Number of steps of the whole training.
    """
    progress = min(step / max(total, 1), 1.0)
    if config.kind == "slanted_triangular":
        return _slanted_triangular(progress, max(config.warmup, 1e-9), config.ratio)
    if progress < config.warmup:
        return (step + 1) / (config.warmup * total + 1)
    decayed = (progress - config.warmup) / (1.0 - config.warmup)
    floor = config.final / config.rate
    if config.kind == "linear":
        return 1.0 + (floor - 1.0) * decayed
    if config.kind == "cosine":
        return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * decayed))
    return 1.0


def _slanted_triangular(progress: float, cut: float, ratio: float) -> float:
    """Linear rise until ``cut``, linear fall after it (Howard & Ruder 2018, eq. 3)."""
    p = progress / cut if progress < cut else 1.0 - (progress - cut) / (1.0 - cut)
    return (1.0 + p * (ratio - 1.0)) / ratio
