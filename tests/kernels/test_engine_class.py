"""The Python class of engines, whatever the architecture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import nn

from eippot.errors import EippotError
from tests.kernels.subjects import CUTOFF, neighborhoods, random_potential, rattled


def test_a_prepared_evaluation_follows_the_positions(build: Any) -> None:
    engine = build(random_potential(), precision=np.float64).engine
    around = neighborhoods(rattled(), CUTOFF + 1.0)
    around = around._replace(positions=around.positions.copy())
    run = engine.prepare(around)
    run()
    around.positions[:] += 0.1 * np.random.default_rng(0).standard_normal(around.positions.shape)
    moved = rattled()
    moved.positions = around.positions
    expected = engine.evaluate(neighborhoods(moved))
    for found, value in zip(run(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=0, atol=1e-12)


def test_what_is_unknown_is_refused(build: Any) -> None:
    with pytest.raises(EippotError, match="expected instructions of this processor.*got sse9"):
        build(random_potential(), instructions="sse9")


def test_a_model_with_more_than_the_engine_knows_is_refused(build: Any) -> None:
    potential = random_potential()
    potential.heads.more = nn.Linear(3, 2).double()
    with pytest.raises(EippotError, match="the engine does not know 'potential.heads.more"):
        build(potential)


def test_nodes_of_other_processes_need_an_exchange(build: Any) -> None:
    whole = neighborhoods(rattled())
    half = whole._replace(first=whole.first[: len(whole.species) // 2 + 1])
    with pytest.raises(EippotError, match="Expected an exchange for 32 nodes"):
        build(random_potential()).engine.evaluate(half)
