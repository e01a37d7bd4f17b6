"""Compressed models on the engines of the C++ library."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from eippot.deployment.exported import Evaluation, Metadata, OpenedModel
from eippot.deployment.files import require_self_test
from eippot.errors import EippotError
from eippot.graphs.neighbors import Floats, Ints, NeighborList
from eippot.kernels import engine as on_arrays
from eippot.kernels.engine import Engine, Neighborhoods
from eippot.kernels.library import find_library

#: numbers of the metadata that engines need beside the model's tensors.
NUMBERS: Final = ("cutoff", "table_bins", "n_members")


class NoEngineError(EippotError):
    """A compressed model has to run on torch."""


def open_engine(model: OpenedModel, metadata: Metadata, path: Path) -> Engine:
    """The engine of an exported model, tested.

    Raises
    ------
    NoEngineError
        The library is not built, or has no engine for such a model.
    ModelError
        The engine does not say what the file says.
    """
    library = find_library()
    if library is None:
        raise NoEngineError("the kernels are not built.", "`eippot lammps build` builds them.")
    try:
        engine = Engine(
            library, metadata.architecture, parameters_of(model, metadata), metadata.dtype
        )
    except EippotError as error:
        raise NoEngineError(str(error)) from None
    found = _evaluate(
        engine, model.selftest_species, model.selftest_edge_index, model.selftest_edge_vectors
    )
    require_self_test(found, model, metadata, path)
    return engine


class PreparedRun:
    """An engine with a list of neighbors, for one step after the other.

    Parameters
    ----------
    engine
        It.
    species
        ``(n,)`` indices of species.
    listed
        Neighbors within the cutoff or farther.
    """

    def __init__(self, engine: Engine, species: Ints, listed: NeighborList) -> None:
        n_atoms = len(species)
        center, neighbor = listed.edge_index
        self._shift = listed.edge_shift
        self._positions = np.empty((n_atoms, 3))
        self._offsets = np.empty((len(neighbor), 3))
        self._cell: Floats | None = None
        first = np.searchsorted(center, np.arange(n_atoms + 1))
        around = Neighborhoods(species, first, neighbor, self._offsets, self._positions)
        self._run = engine.prepare(around, torch.get_num_threads())

    def __call__(self, positions: Floats, cell: Floats) -> Evaluation:
        """Results at positions ``(n, 3)`` and cell ``(3, 3)`` [Å]."""
        self._positions[:] = positions
        if self._cell is None or not np.array_equal(cell, self._cell):
            np.matmul(self._shift, cell, out=self._offsets)
            self._cell = cell.copy()
        return _evaluation(self._run())


def _evaluate(
    engine: Engine, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
) -> Evaluation:
    """What the engine says of edges that are sorted by center."""
    center, neighbor = edge_index.cpu().numpy()
    around = Neighborhoods(
        species.cpu().numpy(),
        np.searchsorted(center, np.arange(len(species) + 1)),
        neighbor,
        edge_vectors.cpu().numpy(),
        np.zeros((len(species), 3)),
    )
    return _evaluation(engine.evaluate(around))


def _evaluation(found: on_arrays.Evaluation) -> Evaluation:
    """The same as tensors of their own."""
    xx, yy, zz, xy, xz, yz = found.virials.sum(axis=0)
    return Evaluation(
        torch.from_numpy(found.energies.copy()),
        torch.from_numpy(found.forces.copy()),
        torch.tensor([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]], dtype=torch.float64),
    )


def parameters_of(model: nn.Module, metadata: Metadata) -> dict[str, npt.NDArray[np.float64]]:
    """All numbers of an exported model by name, but for those of its self-test."""
    tensors = {
        name: tensor.detach().cpu().double().numpy()
        for name, tensor in (*model.named_parameters(), *model.named_buffers())
        if not name.startswith("selftest_")
    }
    numbers = {name: float(getattr(metadata, name)) for name in NUMBERS}
    numbers["n_species"] = len(metadata.species)
    return tensors | {name: np.array(value) for name, value in numbers.items()}
