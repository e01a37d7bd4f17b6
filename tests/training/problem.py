"""A small regression problem: the energies and forces of dimers, whose answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Batch

from eippot.config.loss import PotentialLossConfig
from eippot.config.training import TrainingConfig
from eippot.data.loaders import training_loader, validation_loader
from eippot.data.store import GraphStore, build_graphs
from eippot.losses.terms import PotentialLoss
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.testing.structures import CUTOFF, SPECIES, dimer
from eippot.training.fit import FitResult, fit, seed_everything
from eippot.training.objectives import PotentialObjective
from tests.networks import SMALL

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def settings(**changes: object) -> TrainingConfig:
    """Ten epochs of two steps, unless a length is given."""
    base = {
        **({} if "steps" in changes else {"epochs": 10}),
        "batch_size": 6,
        "threads": 1,
        "ema_decay": 0.0,
        "schedule": {"kind": "constant", "rate": 5e-3},
    }
    return TrainingConfig.model_validate(base | changes)


def graphs(distances: np.ndarray, precision: str = "float32") -> GraphStore:
    """Dimers of energy (r − 2)² − 1 eV."""

    def label(atoms: Atoms) -> dict[str, Tensor]:
        r = atoms.get_distance(0, 1)
        forces = torch.zeros((2, 3), dtype=torch.float64)
        forces[:, 0] = torch.tensor([2.0, -2.0]) * (r - 2.0)
        energy = torch.tensor([(r - 2.0) ** 2 - 1.0], dtype=torch.float64)
        return {"reference_energy": energy, "reference_forces": forces}

    structures = [dimer(float(r)) for r in distances]
    return build_graphs(structures, SPECIES, CUTOFF, DTYPES[precision], label)


def loaders(config: TrainingConfig) -> tuple[DataLoader[Batch], DataLoader[Batch]]:
    train = graphs(np.linspace(1.5, 2.9, 12), config.precision)
    validation = graphs(np.linspace(1.55, 2.8, 5), config.precision)
    return training_loader(train, config), validation_loader(validation, max_edges=4)


def objective() -> PotentialObjective:
    return PotentialObjective(PotentialLoss(PotentialLossConfig(kernel="squared"), weak_weight=0.0))


def train(directory: Path, config: TrainingConfig) -> tuple[Potential, FitResult]:
    """Train a fresh model, seeded as the stages do."""
    seed_everything(config)
    model = Potential(build_representation(SMALL, len(SPECIES), 1.0), len(SPECIES), 1, 1.0)
    model.to(DTYPES[config.precision])
    result = fit(model, objective(), *loaders(config), config, directory, progress=False)
    return model, result


@contextmanager
def recorded_batches() -> Iterator[list[list[float]]]:
    """Distances of the dimers in every training batch, as they are asked for."""
    seen: list[list[float]] = []
    original = PotentialObjective.loss

    def loss(self: PotentialObjective, model: torch.nn.Module, batch: object) -> object:
        vectors = batch.edge_vectors[::2, 0]  # type: ignore[attr-defined]
        seen.append([round(abs(float(x)), 4) for x in vectors])
        return original(self, model, batch)

    PotentialObjective.loss = loss  # type: ignore[assignment,method-assign]
    try:
        yield seen
    finally:
        PotentialObjective.loss = original  # type: ignore[method-assign]
