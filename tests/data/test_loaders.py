"""Batches: both kinds in each, every DFT-labelled structure once, orders by seed."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor
from torch_geometric.data import Batch

from eippot.data.loaders import (
    MixedBatchSampler,
    build_graphs,
    training_loader,
    validation_loader,
)
from eippot.data.store import GraphStore
from eippot.graphs.graph import AtomicGraph
from eippot.testing.structures import SPECIES, dimer

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


def _graphs(count: int) -> list[AtomicGraph]:
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
    for batch, indices in zip(training_loader(graphs, sampler), list(sampler), strict=True):
        assert _distances(batch) == pytest.approx([1.5 + 0.01 * i for i in indices])


@pytest.mark.parametrize(("max_edges", "sizes"), [(1, [1] * 5), (5, [2, 2, 1]), (512, [5])])
def test_validation_keeps_the_order(max_edges: int, sizes: list[int]) -> None:
    """Dimers of two edges, in batches of at most so many edges, or of one."""
    batches = validation_loader(_graphs(5), max_edges)
    assert len(batches) == len(sizes)
    distances = list(map(_distances, batches))
    assert list(map(len, distances)) == sizes
    assert sum(distances, []) == pytest.approx([1.5, 1.51, 1.52, 1.53, 1.54])


def test_batches_are_those_of_pyg() -> None:
    """Structures of several sizes, an isolated atom among them, labels per structure and atom."""
    structures = [bulk("Si"), Atoms("C"), bulk("SiC", "zincblende", a=4.4), dimer(1.6)]

    def label(atoms: Atoms) -> dict[str, Tensor]:
        torch.manual_seed(len(atoms))
        return {"forces": torch.randn(len(atoms), 2, 3), "stress": torch.randn(1, 3, 3)}

    graphs = build_graphs(structures, SPECIES, 4.0, torch.float32, label)
    store = GraphStore(graphs)
    for chosen in ([2, 0, 1], [1], [3, 1, 3]):
        found = store.__getitems__(chosen)
        expected = Batch.from_data_list([graphs[index] for index in chosen])
        assert found.num_graphs == len(chosen)
        tensors = {k: v for k, v in expected.to_dict().items() if isinstance(v, Tensor)}
        assert set(found.to_dict()) == set(tensors)
        for name, tensor in tensors.items():
            torch.testing.assert_close(found[name], tensor, rtol=0, atol=0, equal_nan=True)
