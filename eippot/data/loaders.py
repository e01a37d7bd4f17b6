"""Loaders: graphs in shuffled batches, DFT-labelled and weakly labelled ones in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from torch.utils.data import DataLoader, Sampler
from torch_geometric.data import Batch

from eippot.config.training import TrainingConfig
from eippot.data.store import GraphStore
from eippot.errors import DataError
from eippot.processes import n_processes, own


class MixedBatchSampler(Sampler[list[int]]):
    """Batches that always hold both kinds: DFT-labelled and weakly labelled structures.

    Of several processes, each gets its share of every batch.

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
    n_edges
        ``(n_reference + n_weak,)`` if batches are to have about the same number of edges, and
        ``batch_size`` structures on average only.
    """

    def __init__(
        self,
        n_reference: int,
        n_weak: int,
        batch_size: int,
        reference_share: float | None,
        seed: int,
        n_edges: np.ndarray | None = None,
    ) -> None:
        self.counts = (n_reference, n_weak)
        self.n_edges = n_edges
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
            yield own(_enough([int(i) for i in (*one, *other)]))

    def _parts(
        self, members: np.ndarray, size: int, random: np.random.Generator
    ) -> list[np.ndarray]:
        """Each batch's share of one kind; a kind that runs out is shuffled again."""
        if size == 0:
            return [members[:0]] * len(self)
        if -(-len(members) // size) == len(self):
            return self._cut(random.permutation(members))
        rounds = -(-size * len(self) // len(members))
        order = np.concatenate([random.permutation(members) for _ in range(rounds)])
        return self._cut(order[: size * len(self)])

    def _cut(self, order: np.ndarray) -> list[np.ndarray]:
        """As many parts as batches, none empty, of as many structures or about as many edges."""
        parts = len(self)
        if self.n_edges is None:
            return np.array_split(order, parts)
        edges = self.n_edges[order]
        middles = edges.cumsum() - 0.5 * edges
        inner = np.arange(1, parts)
        cuts = np.searchsorted(middles, edges.sum() * inner / parts)
        cuts = np.maximum.accumulate(np.maximum(cuts - inner, 0)) + inner
        return np.split(order, np.minimum(cuts, len(order) - parts + inner))


def _enough(batch: list[int]) -> list[int]:
    if len(batch) < n_processes():
        raise DataError(
            f"Expected a structure for each of {n_processes()} processes in every batch, got "
            f"{len(batch)} in one.",
            "Train with fewer processes, or larger batches (`training.batch_size`, or "
            "`training.batch_edges`).",
        )
    return batch


def training_loader(
    graphs: GraphStore,
    config: TrainingConfig,
    n_reference: int | None = None,
    reference_share: float | None = None,
) -> DataLoader[Batch]:
    """Loader of shuffled training batches.

    Parameters
    ----------
    graphs
        DFT-labelled structures, then weakly labelled ones.
    config
        Size of the batches of one process, and seed of their order.
    n_reference
        How many of the structures are DFT-labelled; None if there is one kind only.
    reference_share
        See MixedBatchSampler.
    """
    n_reference = len(graphs) if n_reference is None else n_reference
    batch_size, n_edges = config.batch_size * n_processes(), None
    if config.batch_edges is not None:
        n_edges = graphs.n_edges.numpy()
        edges = config.batch_edges * n_processes()
        batch_size = max(round(edges / max(n_edges.mean(), 1.0)), 1)
    sampler = MixedBatchSampler(
        n_reference,
        len(graphs) - n_reference,
        batch_size,
        reference_share,
        config.seed,
        n_edges,
    )
    return _loader(graphs, sampler)


def validation_loader(graphs: GraphStore, max_edges: int = 16384) -> DataLoader[Batch]:
    """Loader in the given order, of batches as large as ``max_edges`` (or one structure) allows.

    Time and memory go with edges, of which atoms have few or many.
    """
    batches: list[list[int]] = []
    room = 0
    for index, edges in enumerate(graphs.n_edges.tolist()):
        room -= edges
        if room < 0 or not batches:
            batches.append([])
            room = max_edges - edges
        batches[-1].append(index)
    return _loader(graphs, batches)


def _loader(graphs: GraphStore, batches: Iterable[list[int]]) -> DataLoader[Batch]:
    return DataLoader(graphs, batch_sampler=batches, collate_fn=lambda batch: batch)
