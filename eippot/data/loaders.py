"""Loaders: graphs in shuffled batches, DFT-labelled and weakly labelled ones in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from ase import Atoms
from torch.utils.data import DataLoader, Sampler
from torch_geometric.data import Batch
from torch_geometric.loader import DynamicBatchSampler

from eippot.data.labels import Labeller
from eippot.data.store import GraphStore
from eippot.graphs.graph import AtomicGraph, build_graph


def build_graphs(
    structures: Sequence[Atoms],
    species: Sequence[str],
    cutoff: float,
    dtype: torch.dtype,
    labeller: Labeller,
) -> list[AtomicGraph]:
    """Turn structures into labelled graphs; arguments as for build_graph."""
    return [build_graph(a, species, cutoff, dtype, labeller(a)) for a in structures]


class MixedBatchSampler(Sampler[list[int]]):
    """Batches that always hold both kinds: DFT-labelled and weakly labelled structures.

    An epoch is one pass over the DFT-labelled structures, so that it has as many steps with weak
    labels as without; each batch is filled up with weakly labelled ones, drawn anew in each epoch
    (and repeated only if there are too few). With one kind only, this is plain shuffling.

    Parameters
    ----------
    n_reference, n_weak
        Number of DFT-labelled structures, which come first in the data set, and of weak ones.
    batch_size
        Structures per batch.
    reference_share
        Share of DFT-labelled structures in a batch; None for their share in the data. At least
        one structure of each kind is in each batch.
    seed
        Orders depend on the seed and the epoch only.
    """

    def __init__(
        self,
        n_reference: int,
        n_weak: int,
        batch_size: int,
        reference_share: float | None,
        seed: int,
    ) -> None:
        self.counts = (n_reference, n_weak)
        self.seed = seed
        self.epoch = 0
        share = reference_share or n_reference / (n_reference + n_weak)
        if n_weak == 0 or n_reference == 0:
            self.per_batch = (batch_size if n_reference else 0, batch_size if n_weak else 0)
        else:
            of_reference = min(max(round(share * batch_size), 1), max(batch_size - 1, 1))
            self.per_batch = (of_reference, max(batch_size - of_reference, 1))

    @property
    def sampler(self) -> MixedBatchSampler:
        """The object on which Lightning sets the epoch, looked for under this name: itself."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        leading = 0 if self.counts[0] else 1
        return -(-self.counts[leading] // self.per_batch[leading])

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng([self.seed, self.epoch])
        reference, weak = self.counts
        first = self._parts(np.arange(reference), self.per_batch[0], random)
        second = self._parts(np.arange(reference, reference + weak), self.per_batch[1], random)
        for one, other in zip(first, second, strict=True):
            yield [int(i) for i in (*one, *other)]

    def _parts(
        self, members: np.ndarray, size: int, random: np.random.Generator
    ) -> list[np.ndarray]:
        """Each batch's share of one kind; a kind that runs out is shuffled again."""
        if size == 0:
            return [members[:0]] * len(self)
        if -(-len(members) // size) == len(self):
            order = random.permutation(members)
            return np.array_split(order, len(self))
        rounds = -(-size * len(self) // len(members))
        order = np.concatenate([random.permutation(members) for _ in range(rounds)])
        return [order[i * size : (i + 1) * size] for i in range(len(self))]


def training_loader(graphs: Sequence[AtomicGraph], sampler: MixedBatchSampler) -> DataLoader[Batch]:
    """Loader of training batches in the order of the sampler."""
    return _loader(graphs, sampler)


def validation_loader(graphs: Sequence[AtomicGraph], max_edges: int = 16384) -> DataLoader[Batch]:
    """Loader in the given order, of batches as large as ``max_edges`` (or one structure) allows.

    Time and memory go with edges, of which atoms have few or many.
    """
    batches = [batch for batch in DynamicBatchSampler(graphs, max_num=max_edges, mode="edge")]
    return _loader(graphs, batches)


def _loader(
    graphs: Sequence[AtomicGraph], batches: Sampler[list[int]] | list[list[int]]
) -> DataLoader[Batch]:
    return DataLoader(GraphStore(graphs), batch_sampler=batches, collate_fn=lambda batch: batch)
