"""Small networks to test with: every architecture, in both precisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from ase import Atoms
from torch_geometric.data import Batch

from eippot.config.model import (
    CGCNNConfig,
    EquivariantConfig,
    GemNetConfig,
    ModelConfig,
    SchNetConfig,
    SOAPNetConfig,
)
from eippot.deployment.exported import ExportedModel, Metadata
from eippot.deployment.files import write_exported
from eippot.deployment.self_test import self_test_inputs
from eippot.graphs.batch import StructureBatch
from eippot.graphs.graph import build_graph
from eippot.models.factory import build_core, build_representation
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, build_potential, save_model

#: the elements that the networks of these tests know.
SPECIES: Final = ["C", "Si"]
CUTOFF: Final = 4.0

GEMNET: Final = GemNetConfig(
    cutoff=CUTOFF,
    channels=8,
    blocks=1,
    radial_functions=3,
    basis_channels=4,
    triplet_cutoff=2.7,
    triplet_channels=4,
    degrees=4,
    quadruplet_cutoff=2.4,
    quadruplet_channels=4,
    quadruplet_degrees=3,
)
EQUIVARIANT: Final = EquivariantConfig(
    cutoff=CUTOFF, channels=8, radial_functions=4, radial_width=8
)

#: one small configuration of every architecture; the physics suite runs on each of them.
ARCHITECTURES: Final[dict[str, ModelConfig]] = {
    "schnet": SchNetConfig(cutoff=CUTOFF, channels=8, interactions=2, radial_functions=8),
    "soapnet": SOAPNetConfig(
        cutoff=CUTOFF, channels=8, layers=2, n_max=4, l_max=3, species_channels=1
    ),
    "cgcnn": CGCNNConfig(cutoff=CUTOFF, channels=8, convolutions=2, radial_functions=8),
    "schnet with zbl": SchNetConfig(
        cutoff=CUTOFF, core="zbl", channels=8, interactions=2, radial_functions=8
    ),
    "gemnet": GEMNET,
    "gemnet_q": GEMNET.model_copy(update={"quadruplets": True}),
    "equivariant": EQUIVARIANT,
    "equivariant_parity": EQUIVARIANT.model_copy(update={"parity": True, "interactions": 4}),
}
#: factors of weight matrices, and of energies, that make random networks of each kind lively.
GAINS: Final = {"gemnet": (1.0, 50.0), "equivariant": (1.0, 30.0)}
SMALL: Final = ARCHITECTURES["schnet"]

REFERENCE_ENERGIES: Final = {"C": -40.0, "Si": -100.0}


@dataclass(frozen=True)
class Precision:
    """A number format, and how well results agree in it, relative to their size."""

    name: str
    dtype: torch.dtype
    tolerance: float


PRECISIONS: Final = {
    "float32": Precision("float32", torch.float32, 2e-5),
    "float64": Precision("float64", torch.float64, 1e-11),
}


def potential(
    config: ModelConfig = SMALL,
    dtype: torch.dtype = torch.float64,
    heads: int = 1,
    seed: int = 2,
    scale: float = 1.0,
) -> Potential:
    """Random weights, large enough for forces of some eV/Å and energies that vary."""
    torch.manual_seed(seed)
    gain, size = GAINS.get(config.architecture, (3.0, 1.0))
    representation = build_representation(config, len(SPECIES), average_neighbors=10.0)
    core = build_core(config, SPECIES)
    model = Potential(representation, len(SPECIES), heads, size * scale, core).to(dtype).eval()
    with torch.no_grad():
        for weight in representation.parameters():
            weight.mul_(gain if weight.dim() > 1 else 1.0)
    return model


def batch_of(
    structures: list[Atoms], dtype: torch.dtype = torch.float64, cutoff: float = CUTOFF
) -> StructureBatch:
    """Structures as a model takes them."""
    graphs = [build_graph(atoms, SPECIES, cutoff, dtype) for atoms in structures]
    return StructureBatch.of(Batch.from_data_list(graphs))


def export_potential(
    path: Path, dtype: str, seed: int = 2, scale: float = 1.0, config: ModelConfig = SMALL
) -> Path:
    """Write a potential with random weights as ``eippot export`` would."""
    model = potential(config, getattr(torch, dtype), seed=seed, scale=scale)
    metadata = Metadata(
        architecture=config.architecture,
        species=SPECIES,
        cutoff=model.representation.cutoff,
        interaction_range=model.representation.interaction_range,
        n_exchanges=model.representation.n_exchanges,
        dtype=dtype,
        eippot_version="0.1.0",
        citation="",
    )
    references = torch.tensor([REFERENCE_ENERGIES[s] for s in SPECIES], dtype=torch.float64)
    exported = ExportedModel(model, references, metadata)
    exported.set_self_test(*self_test_inputs(SPECIES, CUTOFF))
    write_exported(exported, metadata, path)
    return path


def save_run(directory: Path, seed: int = 0, **changes: Any) -> Path:
    """Write a potential with random weights as ``eippot finetune`` would."""
    card = ModelCard.model_validate(
        {
            "kind": "potential",
            "model": SMALL,
            "species": SPECIES,
            "reference_energies": REFERENCE_ENERGIES,
            "average_neighbors": 10.0,
            "scale": 30.0,
            "outputs": ["dft"],
            "dtype": "float32",
        }
        | changes
    )
    torch.manual_seed(seed)
    save_model(directory, card, build_potential(card))
    return directory
