"""Compressed models on the engines of the C++ library."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from eippot.deployment.exported import Evaluation, Metadata
from eippot.deployment.files import require_self_test
from eippot.errors import EippotError
from eippot.kernels.engine import Engine, Neighborhoods
from eippot.kernels.library import find_library

#: numbers of the metadata that engines need beside the model's tensors.
NUMBERS: Final = ("cutoff", "table_bins")


def open_engine(model: torch.jit.ScriptModule, metadata: Metadata, path: Path) -> Engine | None:
    """The engine of an exported model, tested; None where the file itself has to run.

    That is so if it is not compressed, or of an architecture without an engine, or if the library
    is not built (``eippot lammps build``).

    Raises
    ------
    ModelError
        The engine does not say what the file says.
    """
    library = find_library()
    if library is None or not metadata.table_bins:
        return None
    parameters = parameters_of(model, metadata)
    try:
        engine = Engine(library, metadata.architecture, parameters, metadata.dtype)
    except EippotError:
        return None
    inputs = model.selftest_species, model.selftest_edge_index, model.selftest_edge_vectors
    require_self_test(evaluate_on_engine(engine, *inputs), model, metadata, path)
    return engine


def evaluate_on_engine(
    engine: Engine, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
) -> Evaluation:
    """What `evaluate` finds; the edges are sorted by center."""
    center, neighbor = edge_index.cpu().numpy()
    around = Neighborhoods(
        species.cpu().numpy(),
        np.searchsorted(center, np.arange(len(species) + 1)),
        neighbor,
        edge_vectors.detach().cpu().numpy(),
        np.zeros((len(species), 3)),
    )
    found = engine.evaluate(around)
    return Evaluation(
        torch.from_numpy(found.energies),
        torch.from_numpy(found.forces),
        torch.from_numpy(virial_matrix(found.virials.sum(axis=0))),
    )


def virial_matrix(components: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``(3, 3)`` from the six components in LAMMPS' order."""
    xx, yy, zz, xy, xz, yz = components
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def parameters_of(model: nn.Module, metadata: Metadata) -> dict[str, npt.NDArray[np.float64]]:
    """All numbers of an exported model by name, but for those of its self-test."""
    tensors = {
        name: tensor.detach().cpu().double().numpy()
        for name, tensor in (*model.named_parameters(), *model.named_buffers())
        if not name.startswith("selftest_")
    }
    return tensors | {name: np.array(float(getattr(metadata, name))) for name in NUMBERS}
