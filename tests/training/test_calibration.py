"""Probabilities that come true: the error is the published one, and the temperature is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from eippot.training.calibration import (
    BINS,
    calibrate,
    expected_calibration_error,
    fit_temperature,
)


def _problem(count: int, factor: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores ``factor`` times too large, and classes drawn with the true probabilities."""
    random = np.random.default_rng(seed)
    logits = 2.0 * random.standard_normal((count, 4))
    draws = random.random((count, 1))
    classes = (softmax(logits, axis=1).cumsum(axis=1) < draws).sum(axis=1)
    return factor * logits, classes


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_is_found(factor: float) -> None:
    found = calibrate(*_problem(20_000, factor))
    assert found.temperature == pytest.approx(factor, rel=0.03)
    assert found.error_after < 0.01
    if factor == 1.0:
        assert found.error_before == pytest.approx(found.error_after, abs=0.005)
    else:
        assert found.error_before > 0.1


def test_the_error_by_hand() -> None:
    """Two bins: 0.9 sure of three, two of them right; 0.6 sure of one, which is wrong."""
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.4, 0.6]])
    classes = np.array([0, 1, 1, 0])
    expected = 3 / 4 * abs(2 / 3 - 0.9) + 1 / 4 * abs(0 - 0.6)
    assert expected_calibration_error(probabilities, classes) == pytest.approx(expected)


def test_certainty_belongs_to_the_last_bin() -> None:
    just_below = 1.0 - 0.5 / BINS
    probabilities = np.array([[1.0, 0.0], [just_below, 1.0 - just_below]])
    found = expected_calibration_error(probabilities, np.array([0, 1]))
    assert found == pytest.approx(abs(0.5 - (1.0 + just_below) / 2))


@pytest.mark.parametrize("right", [True, False])
def test_few_structures_give_no_extreme_temperature(right: bool) -> None:
    """Without a prior it would go to zero, or to infinity."""
    logits = np.array([[3.0, 0.0], [0.0, 3.0], [2.0, 0.0]])
    classes = np.array([0, 1, 0]) if right else np.array([1, 0, 1])
    temperature = fit_temperature(logits, classes)
    assert 0.2 < temperature < 5.0
    assert (temperature < 1.0) == right


def test_the_temperature_changes_no_class() -> None:
    logits, _ = _problem(200, 4.0)
    hot, cold = (softmax(logits / t, axis=1).argmax(axis=1) for t in (1.0, 3.3))
    assert (hot == cold).all()
