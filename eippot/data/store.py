"""Structures as tensors: those of all structures end to end, of which batches are cut at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, Literal, NamedTuple

import torch
from ase import Atoms
from torch import Tensor
from torch.utils.data import Dataset
from torch_geometric.data import Batch

from eippot.data.edges import find_edges
from eippot.data.labels import Labeller
from eippot.data.scratch import GrowingTensor, Scratch
from eippot.graphs.species import species_indices

Level = Literal["structure", "atom", "edge"]

#: of the columns that are no labels.
_LEVELS: Final[dict[str, Level]] = {
    "species": "atom",
    "volume": "structure",
    "edge_index": "edge",
    "edge_vectors": "edge",
}
#: structures that are turned into tensors, or looked at, at once where there may be many.
_AT_ONCE: Final = 1024


class Rows(NamedTuple):
    """Which rows of a tensor belong to each of m structures.

    Attributes
    ----------
    counts, starts
        ``(m,)`` int64: how many, and the first of them.
    """

    counts: Tensor
    starts: Tensor

    @classmethod
    def end_to_end(cls, counts: Tensor) -> Rows:
        """Of a tensor that holds the structures in their order."""
        return cls(counts, counts.cumsum(0) - counts)

    def of(self, chosen: Tensor) -> Rows:
        """Those of some structures."""
        return Rows(self.counts[chosen], self.starts[chosen])

    def numbers(self) -> Tensor:
        """All rows, structure by structure."""
        shifts = self.starts - (self.counts.cumsum(0) - self.counts)
        shifted = torch.repeat_interleave(shifts, self.counts)
        return shifted + torch.arange(len(shifted))


class Column(NamedTuple):
    """One attribute of all structures: a tensor, and which rows it has of each."""

    values: Tensor
    level: Level


class GraphStore(Dataset[Batch]):
    """Structures as tensors, from which PyG's batches are cut without a loop over structures.

    Batches have these attributes, for n atoms and E edges in B structures:

    ``species``
        ``(n,)`` int64: index of each atom's element in the model's list of species.
    ``edge_index``
        ``(2, E)`` int64: center and neighbor of each edge.
    ``edge_vectors``
        ``(E, 3)`` [Å]: r_neighbor − r_center.
    ``volume``
        ``(B,)`` [Å³]: volume of the cell; NaN without three-dimensional periodicity.

    and labels: one row per structure, ``(B, …)``, or per atom, ``(n, …)``. A label that a
    structure does not have is NaN.

    Parameters
    ----------
    rows
        Rows at each level: structure, atom, edge.
    columns
        By name.
    scratch
        Where columns lie that are not in memory.
    """

    def __init__(
        self,
        rows: Mapping[Level, Rows],
        columns: Mapping[str, Column],
        scratch: Scratch | None = None,
    ) -> None:
        self._rows = rows
        self._columns = dict(columns)
        self._scratch = scratch

    @property
    def n_atoms(self) -> Tensor:
        """``(m,)`` number of atoms of each structure."""
        return self._rows["atom"].counts

    @property
    def n_edges(self) -> Tensor:
        """``(m,)`` number of edges of each structure."""
        return self._rows["edge"].counts

    def __len__(self) -> int:
        return len(self.n_atoms)

    def column(self, name: str) -> Tensor:
        """An attribute of all structures, one after the other."""
        values, level = self._columns[name]
        parts = [values.index_select(0, rows.numbers()) for rows in self._parts(level)]
        return torch.cat([values[:0], *parts])

    def digest(self) -> str:
        """Hash by which structures and labels can be recognized, but for edges, which are many."""
        found = hashlib.sha256()
        found.update(self.n_edges.numpy().tobytes())
        for name, (values, level) in sorted(self._columns.items()):
            if level != "edge":
                found.update(name.encode())
                for rows in self._parts(level):
                    found.update(values.index_select(0, rows.numbers()).numpy().tobytes())
        return found.hexdigest()

    def subset(self, chosen: Sequence[int]) -> GraphStore:
        """Some structures; tensors are shared."""
        indices = torch.tensor(chosen, dtype=torch.int64)
        rows = {level: rows.of(indices) for level, rows in self._rows.items()}
        return GraphStore(rows, self._columns, self._scratch)

    def split(self, counts: Iterable[int]) -> list[GraphStore]:
        """The first so many structures, the next, and so on."""
        ends = list(accumulate(counts, initial=0))
        return [self.subset(range(*pair)) for pair in pairwise(ends)]

    def with_label(self, name: str, values: Tensor) -> GraphStore:
        """The same with one more label, a row per structure ``(m, …)``."""
        places = self._rows["structure"].starts
        everywhere = values.new_zeros(len(self._columns["volume"].values), *values.shape[1:])
        everywhere[places] = values
        column = Column(everywhere, "structure")
        return GraphStore(self._rows, self._columns | {name: column}, self._scratch)

    def __getitem__(self, index: int) -> Batch:
        """A batch of one structure."""
        return self.batch([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """The same as batch; torch's DataLoader asks under this name."""
        return self.batch(indices)

    def batch(self, indices: Sequence[int] | None = None) -> Batch:
        """The batch of some structures in this order, or of all."""
        chosen = torch.tensor(range(len(self)) if indices is None else indices, dtype=torch.int64)
        rows = {level: rows.of(chosen) for level, rows in self._rows.items()}
        numbers = {level: rows.numbers() for level, rows in rows.items()}
        tensors = {
            name: values.index_select(0, numbers[level])
            for name, (values, level) in self._columns.items()
        }
        n_atoms = rows["atom"].counts
        self._use(len(chosen))
        starts = torch.cat([n_atoms.new_zeros(1), n_atoms.cumsum(0)])
        shifts = torch.repeat_interleave(starts[:-1], rows["edge"].counts)
        tensors["edge_index"] = tensors["edge_index"].T.contiguous() + shifts
        return Batch(batch=torch.repeat_interleave(n_atoms), ptr=starts, **tensors)

    def _parts(self, level: Level) -> Iterator[Rows]:
        """The rows of some structures after the other."""
        rows = self._rows[level]
        for counts, starts in zip(*(torch.split(part, _AT_ONCE) for part in rows), strict=True):
            yield Rows(counts, starts)
            self._use(len(counts))

    def _use(self, structures: int) -> None:
        if self._scratch is not None:
            self._scratch.use(structures)


class _Tensors(NamedTuple):
    """What is made of m structures: numbers of their atoms and edges ``(m,)``, and columns."""

    n_atoms: Tensor
    n_edges: Tensor
    columns: dict[str, Tensor]


def build_graphs(
    structures: Sequence[Atoms],
    species: Sequence[str],
    cutoff: float,
    dtype: torch.dtype,
    labeller: Labeller = lambda _: {},
    neighbor_lists: Path | None = None,
    scratch: Path | None = None,
) -> GraphStore:
    """Turn structures into tensors.

    Parameters
    ----------
    structures
        The structures.
    species
        Chemical symbols; their order defines the species indices.
    cutoff
        Radius of the neighbor list [Å].
    dtype
        Floating-point type of edge vectors and labels.
    labeller
        Labels of a structure: the same names for all, one row ``(1, …)`` or a row per atom each.
    neighbor_lists
        Folder in which neighbor lists are kept, see find_edges.
    scratch
        Folder on the disk that takes the tensors of structures that are not in memory.

    Raises
    ------
    DataError
        A structure holds an element that is not in ``species``, or see find_edges and Scratch.
    """
    kept = find_edges(structures, cutoff, dtype, neighbor_lists) if neighbor_lists else None

    def tensors(some: Sequence[Atoms]) -> _Tensors:
        return _tensors(some, species, cutoff, dtype, labeller, kept is None)

    files = None if isinstance(structures, list) else Scratch(scratch)
    made = tensors(structures) if files is None else _written(structures, tensors, files)
    rows: dict[Level, Rows] = {
        "structure": Rows.end_to_end(torch.ones(len(structures), dtype=torch.int64)),
        "atom": Rows.end_to_end(made.n_atoms),
        "edge": Rows(kept.counts, kept.starts) if kept else Rows.end_to_end(made.n_edges),
    }
    if kept:
        made.columns.update(edge_index=kept.pairs, edge_vectors=kept.vectors)
    columns = {}
    for name, values in made.columns.items():
        level: Level = "structure" if len(values) == len(structures) else "atom"
        columns[name] = Column(values, _LEVELS.get(name, level))
    return GraphStore(rows, columns, files)


def _tensors(
    structures: Sequence[Atoms],
    species: Sequence[str],
    cutoff: float,
    dtype: torch.dtype,
    labeller: Labeller,
    with_edges: bool,
) -> _Tensors:
    kinds = [torch.from_numpy(species_indices(atoms, species)) for atoms in structures]
    volumes = [float(a.get_volume()) if a.pbc.all() else float("nan") for a in structures]
    edges = find_edges(structures if with_edges else [], cutoff, dtype)
    columns = {
        "species": torch.cat([torch.zeros(0, dtype=torch.int64), *kinds]),
        "volume": torch.tensor(volumes, dtype=dtype),
        "edge_index": edges.pairs,
        "edge_vectors": edges.vectors,
    }
    labels = [labeller(atoms) for atoms in structures]
    for name in labels[0] if labels else ():
        values = torch.cat([one[name] for one in labels])
        columns[name] = values.to(dtype) if values.is_floating_point() else values
    n_atoms = torch.tensor([len(one) for one in kinds], dtype=torch.int64)
    return _Tensors(n_atoms, edges.counts, columns)


def _written(
    structures: Sequence[Atoms], tensors: Callable[[Sequence[Atoms]], _Tensors], files: Scratch
) -> _Tensors:
    """The same as of all at once, in files; few structures are in memory at a time."""
    n_atoms, n_edges = [], []
    growing: dict[str, GrowingTensor] = {}
    with files:
        for first in range(0, max(len(structures), 1), _AT_ONCE):
            made = tensors(list(structures[first : first + _AT_ONCE]))
            n_atoms.append(made.n_atoms)
            n_edges.append(made.n_edges)
            for name, values in made.columns.items():
                if name not in growing:
                    growing[name] = files.tensor()
                growing[name].add(values)
        columns = {name: tensor.mapped() for name, tensor in growing.items()}
    return _Tensors(torch.cat(n_atoms), torch.cat(n_edges), columns)
