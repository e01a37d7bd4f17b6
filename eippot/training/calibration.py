"""Calibration of a classifier: of what it calls 80 % probable, 80 % should come true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

#: bins of equal width between probability 0 and 1 (Guo et al. 2017).
BINS: Final = 15

#: limits of |ln T|.
_LIMIT: Final = 5.0


@dataclass(frozen=True)
class Calibration:
    """Temperature scaling of a classifier.

    Attributes
    ----------
    temperature
        T: probabilities are softmax(scores / T).
    error_before, error_after
        Expected calibration error with T = 1, and with this T.
    """

    temperature: float
    error_before: float
    error_after: float


def calibrate(logits: np.ndarray, classes: np.ndarray) -> Calibration:
    """Fit the temperature on structures that the classifier was not trained on.

    Parameters
    ----------
    logits
        ``(n, C)`` scores of C classes.
    classes
        ``(n,)`` index of the true class.
    """
    temperature = fit_temperature(logits, classes)
    before, after = (
        expected_calibration_error(softmax(logits / t, axis=1), classes) for t in (1.0, temperature)
    )
    return Calibration(temperature, before, after)


def fit_temperature(logits: np.ndarray, classes: np.ndarray) -> float:
    """T > 0 that makes the true classes most probable (Guo et al., ICML 2017); see calibrate.

    A normal prior of ln T, of width 1, weighs as much as one structure or so: it keeps T finite
    where few structures are all classified rightly.
    """

    def cost(log_temperature: float) -> float:
        scores = logits / np.exp(log_temperature)
        improbability = logsumexp(scores, axis=1) - scores[np.arange(len(classes)), classes]
        return float(improbability.sum() + 0.5 * log_temperature**2)

    found = minimize_scalar(cost, bounds=(-_LIMIT, _LIMIT), method="bounded")
    return float(np.exp(found.x))


def expected_calibration_error(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Σ_b n_b/n |accuracy − mean probability| over bins b of the highest probability.

    Guo et al. (ICML 2017), eq. 3.

    Parameters
    ----------
    probabilities
        ``(n, C)``.
    classes
        ``(n,)`` index of the true class.
    """
    confidence = probabilities.max(axis=1)
    excess = confidence - (probabilities.argmax(axis=1) == classes)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(bins, weights=excess)).sum() / len(classes))
