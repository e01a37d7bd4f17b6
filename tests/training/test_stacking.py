"""The Gaussian process behind the stack, on functions with known answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eippot.data.store import build_graphs
from eippot.models.saved import load_model
from eippot.testing.structures import cluster, periodic, small_cell
from eippot.training.stacking import Stack, mean_features
from tests.pipeline import Pipeline


def _function(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = 0.8 * x[:, 0] - 0.1 + 0.05 * np.sin(2 * x[:, 1])
    return value


@pytest.fixture
def descriptors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(150, 3))


def test_a_smooth_correction_is_learned(descriptors: np.ndarray) -> None:
    stack = Stack(descriptors[:80], _function(descriptors[:80]))
    energies, deviations = stack.predict(descriptors[80:])
    wrong = np.abs(energies - _function(descriptors[80:]))
    assert np.median(wrong) < 0.005  # the first column alone is wrong by 0.2
    assert np.mean(wrong < 3 * deviations) > 0.9


def test_it_is_unsure_where_nothing_was_seen(descriptors: np.ndarray) -> None:
    stack = Stack(descriptors, _function(descriptors))
    _, near = stack.predict(descriptors)
    _, far = stack.predict(descriptors + 30.0)
    assert far.min() > 10 * near.max()


def test_a_wild_value_does_not_spoil_a_column(descriptors: np.ndarray) -> None:
    energies = _function(descriptors)
    descriptors[0, 0] = 1e9
    predicted, _ = Stack(descriptors, energies).predict(descriptors[1:])
    assert np.median(np.abs(predicted - energies[1:])) < 0.005


def test_a_constant_column_says_nothing(descriptors: np.ndarray) -> None:
    energies = _function(descriptors)
    constant = np.hstack([descriptors, np.full((150, 1), 7.0)])
    predicted, deviations = Stack(constant, energies).predict(constant)
    assert np.isfinite(predicted).all()
    assert np.isfinite(deviations).all()
    assert np.median(np.abs(predicted - energies)) < 0.005


def test_the_same_data_give_the_same_stack(descriptors: np.ndarray) -> None:
    one, other = (Stack(descriptors, _function(descriptors)) for _ in range(2))
    np.testing.assert_array_equal(one.predict(descriptors)[0], other.predict(descriptors)[0])


def test_features_are_means_over_atoms(pipeline: Pipeline) -> None:
    card, model = load_model(pipeline.directory / "pretrained")
    structures = [periodic(), small_cell(), cluster(), periodic() * (2, 1, 1)]
    graphs = build_graphs(structures, card.species, card.model.cutoff, torch.float32)
    together = mean_features(model.representation, graphs)
    parts = graphs.split([1] * len(graphs))
    alone = np.concatenate([mean_features(model.representation, part) for part in parts])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together[0], together[3], rtol=1e-5, atol=1e-6)
    assert not np.allclose(together[0], together[1], rtol=1e-2)
    assert mean_features(model.representation, graphs.subset([])).shape == (0, 8)
