"""The atomic graph: what a model sees of a structure, and the labels it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from ase import Atoms
from torch_geometric.data import Data

from eippot.errors import DataError
from eippot.graphs.neighbors import neighbor_list


class AtomicGraph(Data):  # type: ignore[misc]
    """A structure as tensors, ready to be batched by PyG.

    Attributes
    ----------
    species
        ``(n,)`` int64: index of each atom's element in the model's list of species.
    edge_index
        ``(2, E)`` int64: center and neighbor of each edge.
    edge_vectors
        ``(E, 3)`` [Å]: r_neighbor − r_center.
    volume
        ``(1,)`` [Å³]: volume of the cell; NaN without three-dimensional periodicity.

    Further attributes are labels: one row per structure, ``(1, …)``, or per atom, ``(n, …)``.
    A label that a structure does not have is NaN.
    """


def build_graph(
    atoms: Atoms,
    species: Sequence[str],
    cutoff: float,
    dtype: torch.dtype,
    labels: Mapping[str, torch.Tensor] | None = None,
) -> AtomicGraph:
    """Turn a structure into a graph.

    Parameters
    ----------
    atoms
        The structure.
    species
        Chemical symbols; their order defines the species indices.
    cutoff
        Radius of the neighbor list [Å].
    dtype
        Floating-point type of the edge vectors and labels.
    labels
        Further attributes, see AtomicGraph.

    Raises
    ------
    DataError
        The structure holds an element that is not in ``species``.
    """
    neighbors = neighbor_list(atoms, cutoff)
    volume = float(atoms.get_volume()) if atoms.pbc.all() else float("nan")
    tensors = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in (labels or {}).items()
    }
    return AtomicGraph(
        species=torch.from_numpy(species_indices(atoms, species)),
        edge_index=torch.from_numpy(neighbors.edge_index),
        edge_vectors=torch.from_numpy(neighbors.edge_vectors).to(dtype),
        volume=torch.tensor([volume], dtype=dtype),
        num_nodes=len(atoms),
        **tensors,
    )


def species_indices(atoms: Atoms, species: Sequence[str]) -> np.ndarray:
    """Index of every atom's element in ``species``, ``(n,)`` int64; DataError if one is absent."""
    known = {symbol: index for index, symbol in enumerate(species)}
    symbols = atoms.get_chemical_symbols()
    unknown = sorted(set(symbols) - set(known))
    if unknown:
        raise DataError(
            f"Expected only {', '.join(species)}, got {', '.join(unknown)} in a structure "
            f"({atoms.get_chemical_formula()}).",
            "A model knows the elements that it was trained on.",
        )
    return np.array([known[symbol] for symbol in symbols], dtype=np.int64)


def species_of(structures: Sequence[Atoms]) -> list[str]:
    """Chemical symbols that occur in a set of structures, by atomic number."""
    numbers = {
        int(number): symbol
        for atoms in structures
        for number, symbol in zip(atoms.numbers, atoms.get_chemical_symbols(), strict=True)
    }
    return [numbers[number] for number in sorted(numbers)]
