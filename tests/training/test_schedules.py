"""Learning rates at known steps."""

from __future__ import annotations

import pytest

from eippot.config.training import ScheduleConfig
from eippot.training.schedules import rate_factor

TOTAL = 100


def _factors(steps: list[int], **config: object) -> list[float]:
    schedule = ScheduleConfig.model_validate({"rate": 1e-3, "warmup": 0.0} | config)
    return [rate_factor(schedule, step, TOTAL) for step in steps]


def test_constant() -> None:
    assert _factors([0, 50, 100], kind="constant") == [1.0, 1.0, 1.0]


def test_linear() -> None:
    found = _factors([0, 50, 100, 130], kind="linear", final=1e-5)
    assert found == pytest.approx([1.0, 0.505, 0.01, 0.01])


def test_cosine() -> None:
    found = _factors([0, 25, 50, 100], kind="cosine", final=1e-4)
    assert found == pytest.approx([1.0, 0.1 + 0.9 * 0.5 * (1 + 0.5**0.5), 0.55, 0.1])


def test_warmup_rises_linearly_and_then_the_decay_begins() -> None:
    found = _factors([0, 5, 9, 10, 100], kind="cosine", final=0.0, warmup=0.1)
    assert found == pytest.approx([1 / 11, 6 / 11, 10 / 11, 1.0, 0.0], abs=1e-12)


def test_slanted_triangular() -> None:
    """Howard & Ruder (2018), eq. 3: from 1/ratio up to 1 at the cut, and back."""
    found = _factors([0, 10, 20, 60, 100], kind="slanted_triangular", warmup=0.2, ratio=32.0)
    assert found == pytest.approx([1 / 32, 0.5 + 0.5 / 32, 1.0, 0.5 + 0.5 / 32, 1 / 32])


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "slanted_triangular"])
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.5])
def test_rates_are_positive_and_at_most_one(kind: str, warmup: float) -> None:
    found = _factors(list(range(TOTAL)), kind=kind, warmup=warmup)
    assert min(found) > 0
    assert max(found) <= 1.0
    assert max(found) > 0.9


def test_a_training_without_steps() -> None:
    assert rate_factor(ScheduleConfig(kind="cosine"), 0, 0) > 0
