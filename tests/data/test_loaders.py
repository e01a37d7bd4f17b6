"""Batches: both kinds in each, every DFT-labelled structure once, orders by seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from eippot.config.training import TrainingConfig
from eippot.data.loaders import MixedBatchSampler, training_loader, validation_loader
from eippot.data.store import GraphStore, build_graphs
from eippot.testing.structures import SPECIES, dimer, periodic

CASES = [
    (n_reference, n_weak, size, share)
    for n_reference in (1, 2, 7, 40)
    for n_weak in (1, 3, 40, 101)
    for size in (1, 2, 5, 16)
    for share in (None, 0.01, 0.5, 0.9)
]


@pytest.mark.parametrize(("n_reference", "n_weak", "size", "share"), CASES)
def test_every_batch_holds_both_kinds(
    n_reference: int, n_weak: int, size: int, share: float | None
) -> None:
    sampler = MixedBatchSampler(n_reference, n_weak, size, share, seed=0)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    for batch in batches:
        of_reference = sum(index < n_reference for index in batch)
        assert 0 < of_reference < len(batch)
        assert len(batch) <= max(size, 2)
    seen = Counter(index for batch in batches for index in batch)
    assert {seen[i] for i in range(n_reference)} == {1}, "an epoch is one pass over DFT labels"
    assert set(seen) <= set(range(n_reference + n_weak))


def test_weak_structures_are_drawn_anew_in_each_epoch() -> None:
    sampler = MixedBatchSampler(20, 100, 10, 0.5, seed=0)
    drawn = []
    for epoch in range(30):
        sampler.set_epoch(epoch)
        drawn.append({index for batch in sampler for index in batch if index >= 20})
    assert {len(weak) for weak in drawn} == {20}, "no weak structure twice while there are others"
    assert set.union(*drawn) == set(range(20, 120))


def test_few_weak_structures_are_repeated_evenly() -> None:
    sampler = MixedBatchSampler(100, 4, 10, 0.5, seed=0)
    seen = Counter(index for batch in sampler for index in batch)
    assert len(sampler) == 20
    assert {seen[i] for i in range(100, 104)} == {25}


def test_shares() -> None:
    for batch in MixedBatchSampler(100, 100, 10, 0.3, seed=0):
        assert 2 <= sum(index < 100 for index in batch) <= 3
    for batch in MixedBatchSampler(30, 90, 8, None, seed=0):
        assert sum(index < 30 for index in batch) == 2


@pytest.mark.parametrize(("n_reference", "n_weak"), [(23, 0), (0, 23)])
def test_one_kind_alone_is_plain_shuffling(n_reference: int, n_weak: int) -> None:
    sampler = MixedBatchSampler(n_reference, n_weak, 5, 0.5, seed=0)
    batches = list(sampler)
    assert sorted(index for batch in batches for index in batch) == list(range(23))
    assert sorted(len(batch) for batch in batches) == [4, 4, 5, 5, 5]
    assert [index for batch in batches for index in batch] != list(range(23))


def test_orders_follow_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        sampler = MixedBatchSampler(10, 20, 6, 0.5, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(1, 3) == order(1, 3)
    assert order(1, 3) != order(1, 4)
    assert order(1, 3) != order(2, 3)


@pytest.mark.parametrize("share", [None, 0.5])
@pytest.mark.parametrize(("n_reference", "n_weak"), [(60, 0), (40, 90), (50, 4)])
def test_batches_of_as_many_edges(n_reference: int, n_weak: int, share: float | None) -> None:
    """Of structures that differ a hundredfold; by number, batches differ threefold."""
    n_edges = np.random.default_rng(0).integers(1, 100, n_reference + n_weak)
    sampler = MixedBatchSampler(n_reference, n_weak, 10, share, 0, n_edges)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    for kind in (range(n_reference), range(n_reference, n_reference + n_weak)):
        found = np.array([sum(n_edges[i] for i in batch if i in kind) for batch in batches])
        assert found.max() - found.min() <= 2 * 100
        assert (found > 0).all() or not kind
    seen = Counter(index for batch in batches for index in batch if index < n_reference)
    assert seen == Counter(range(n_reference)), "an epoch is one pass over DFT labels"


def test_no_batch_is_empty_beside_a_giant() -> None:
    n_edges = np.array([1, 1, 1, 1, 10_000, 1, 1, 0])
    for seed in range(20):
        batches = list(MixedBatchSampler(8, 0, 2, None, seed, n_edges))
        assert len(batches) == 4
        assert all(batches)
        assert sorted(index for batch in batches for index in batch) == list(range(8))


def test_the_edges_of_a_batch_are_configured() -> None:
    """Dimers and crystals of 8 atoms, of 2 and of some hundred edges."""
    graphs = build_graphs([dimer(2.0), periodic()] * 20, SPECIES, 4.0, torch.float32)
    edges = int(graphs.n_edges.sum())
    config = TrainingConfig(batch_edges=round(edges / 5))
    found = [batch.edge_index.shape[1] for batch in training_loader(graphs, config)]
    assert len(found) == 5
    assert sum(found) == edges
    largest = int(graphs.n_edges.max())
    assert max(found) - min(found) <= largest < edges / 10


def _graphs(count: int) -> GraphStore:
    structures = [dimer(1.5 + 0.01 * i) for i in range(count)]
    return build_graphs(
        structures,
        SPECIES,
        4.0,
        torch.float64,
        lambda atoms: {"distance": torch.tensor([atoms.get_distance(0, 1)])},
    )


def _distances(batch: Batch) -> list[float]:
    found: list[float] = batch.distance.tolist()
    return found


def test_training_batches_follow_the_sampler() -> None:
    graphs = _graphs(9)
    sampler = MixedBatchSampler(4, 5, 4, 0.5, seed=0)
    batches = training_loader(graphs, TrainingConfig(batch_size=4), 4, 0.5)
    for batch, indices in zip(batches, list(sampler), strict=True):
        assert _distances(batch) == pytest.approx([1.5 + 0.01 * i for i in indices])


@pytest.mark.parametrize(("max_edges", "sizes"), [(1, [1] * 5), (5, [2, 2, 1]), (512, [5])])
def test_validation_keeps_the_order(max_edges: int, sizes: list[int]) -> None:
    """Dimers of two edges, in batches of at most so many edges, or of one."""
    batches = validation_loader(_graphs(5), max_edges)
    assert len(batches) == len(sizes)
    distances = list(map(_distances, batches))
    assert list(map(len, distances)) == sizes
    assert sum(distances, []) == pytest.approx([1.5, 1.51, 1.52, 1.53, 1.54])
