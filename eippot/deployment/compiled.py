"""Models that are compiled for one kind of processor: files with the ending .pt2.

Energies and their derivative become one graph, which torch's AOTInductor compiles. Faster than
TorchScript where there is no engine, but for Python alone, and bound to one version of torch.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.export import Dim
from torch.fx.experimental.proxy_tensor import make_fx

from eippot.deployment.archive import COMPILED_KEY
from eippot.deployment.exported import EnergyGradientModel, ExportedModel, Metadata
from eippot.errors import ModelError
from eippot.models.derivatives import edge_gradient

SUFFIX: Final = ".pt2"
SELF_TEST: Final = ("species", "edge_index", "edge_vectors", "energy", "forces", "virial")

#: compiled graphs are not for sizes 0 and 1, so that this many atoms far from all others are added,
#: and as many edges between them.
PADDING: Final = 2


class CompiledModel(EnergyGradientModel):
    """A compiled file; its self-test has the attributes that it has in an ExportedModel.

    Parameters
    ----------
    path
        What write_compiled wrote.
    metadata, self_test
        What it says of itself.

    Raises
    ------
    ModelError
        The file is none of eippot's, or this torch cannot run it.
    """

    def __init__(
        self, path: Path, metadata: Metadata, self_test: Mapping[str, Sequence[Any]]
    ) -> None:
        super().__init__()
        try:
            self._package = torch._inductor.aoti_load_package(str(path))
            for name in SELF_TEST:
                dtype = torch.int64 if name in SELF_TEST[:2] else torch.float64
                setattr(self, f"selftest_{name}", torch.tensor(self_test[name], dtype=dtype))
        except (RuntimeError, LookupError, ValueError, TypeError, OverflowError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"{path} is not a compiled model of eippot, or not one for this machine and this "
                f"torch: {reason}",
                "Export it again here: `eippot export ... -o model.pt2`.",
            ) from None
        self.cutoff = metadata.cutoff
        for name, value in asdict(metadata).items():
            setattr(self, name, value)

    def energies_and_gradient(
        self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Atomic energies ``(n,)`` and their derivative ``(E, 3)``."""
        n_atoms, n_edges = len(species), edge_index.shape[1]
        padded = _padded(species, edge_index, edge_vectors, 2.0 * self.cutoff)
        energies, gradient = self._package(*padded)
        return energies[:n_atoms], gradient[:n_edges]


def write_compiled(model: ExportedModel, metadata: Metadata, path: Path) -> None:
    """Compile a model and write it to a file; its self-test is its own business.

    Raises
    ------
    ModelError
        torch cannot compile it.
    """
    inputs = model.selftest_species, model.selftest_edge_index, model.selftest_edge_vectors
    content = {
        "metadata": asdict(metadata),
        "self_test": {name: getattr(model, f"selftest_{name}").tolist() for name in SELF_TEST},
    }
    options = {"aot_inductor.metadata": {COMPILED_KEY: json.dumps(content)}}
    atoms, edges = Dim("atoms", min=PADDING), Dim("edges", min=PADDING)
    padded = _padded(*inputs, 2.0 * metadata.cutoff)
    try:
        with (
            warnings.catch_warnings(),
            torch.fx.experimental._config.patch(use_duck_shape=False),  # type: ignore[attr-defined]
        ):
            warnings.simplefilter("ignore")  # of torch about itself
            graph = make_fx(
                _WithGradient(model.eval()), tracing_mode="symbolic", _allow_non_fake_inputs=True
            )(*padded)
            program = torch.export.export(
                graph, padded, dynamic_shapes=({0: atoms}, {1: edges}, {0: edges})
            )
            torch._inductor.aoti_compile_and_package(
                program, package_path=str(path), inductor_configs=options
            )
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"torch {torch.__version__} cannot compile the architecture "
            f"{metadata.architecture}: {reason}",
            "Export it as a TorchScript file, model.pt, which every engine runs.",
        ) from error


class _WithGradient(torch.nn.Module):
    """Energies and their derivative in one graph."""

    def __init__(self, model: ExportedModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
    ) -> tuple[Tensor, Tensor]:
        edge_vectors = edge_vectors.detach().requires_grad_()
        energies = self.model(species, edge_index, edge_vectors)
        gradient = edge_gradient(energies, edge_vectors, create_graph=False)
        return energies.detach(), gradient.detach()


def _padded(
    species: Tensor, edge_index: Tensor, edge_vectors: Tensor, far: float
) -> tuple[Tensor, Tensor, Tensor]:
    """With atoms more, whose edges are too long to matter."""
    n_atoms = len(species)
    more = torch.arange(n_atoms, n_atoms + PADDING)
    long = torch.tensor([[far, 0.0, 0.0], [-far, 0.0, 0.0]], dtype=torch.float64)
    return (
        torch.cat([species, species.new_zeros(PADDING)]),
        torch.cat([edge_index, torch.stack([more, more.flip(0)])], dim=1),
        torch.cat([edge_vectors.detach(), long]),
    )
