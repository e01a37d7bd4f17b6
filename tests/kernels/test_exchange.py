"""Structures whose atoms are divided among processes: rows of neighbors are exchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eippot.kernels.engine import Evaluation
from tests.kernels.halves import evaluate_in_halves
from tests.kernels.subjects import (
    equivariant_potential,
    neighborhoods,
    random_potential,
    rattled,
)

#: of three interactions: values of the last two, and gradients of all.
EXCHANGES = 5


@pytest.mark.parametrize("architecture", ["schnet", "equivariant"])
def test_a_structure_in_two_halves(build: Any, architecture: str) -> None:
    """Two engines, each with half of the atoms as centers, that exchange rows."""
    potential = random_potential() if architecture == "schnet" else equivariant_potential()
    options = {"architecture": architecture, "precision": np.float64}
    whole = neighborhoods(rattled())
    expected = build(potential, **options).engine.evaluate(whole)
    engines = [build(potential, **options).engine for _ in range(2)]
    together = evaluate_in_halves(engines, whole, EXCHANGES)
    for name, found, value in zip(Evaluation._fields, together, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=0, atol=1e-11, err_msg=name)
