"""Training of eippot's architectures, by the loader and the task of ``eippot finetune``."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from ase import Atoms

from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import COHESION, CUTOFF, NEIGHBORS, labelled_crystals
from benchmarks.speed.training import training_speed
from eippot.config.loss import PotentialLossConfig
from eippot.config.model import BUILT_IN
from eippot.config.training import TrainingConfig
from eippot.data.loaders import training_loader
from eippot.data.store import build_graphs
from eippot.losses.terms import PotentialLoss
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.training.objectives import PotentialObjective
from eippot.training.resuming import Course
from eippot.training.task import TrainingTask


def training(setting: Setting) -> Prepared:
    """Training, neighbor lists made once."""
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(0)
    hyperparameters = setting.get("hyperparameters", {})
    config = BUILT_IN[setting["architecture"]](cutoff=CUTOFF, **hyperparameters)
    representation = build_representation(config, n_species=1, average_neighbors=NEIGHBORS)
    potential = Potential(representation, n_species=1, n_heads=1, scale=1.0)
    structures = labelled_crystals(setting["structures"], setting["atoms"])
    graphs = build_graphs(structures, ["Si"], CUTOFF, torch.float32, _labels)
    batches = TrainingConfig(batch_size=setting["batch"])
    loader = training_loader(graphs, batches)
    objective = PotentialObjective(PotentialLoss(PotentialLossConfig(), weak_weight=0.0))
    task = TrainingTask(potential, objective, batches, Course())
    task.on_train_start()

    def losses() -> Iterator[tuple[torch.Tensor, int]]:
        for number, batch in enumerate(loader):
            yield task.training_step(batch, number), batch.num_graphs

    weights = list(potential.parameters())
    optimizer = torch.optim.Adam(weights, lr=1e-4, fused=True)
    measure = training_speed(losses, optimizer, task.backward)
    return Prepared(measure, {"weights": sum(weight.numel() for weight in weights)})


def _labels(atoms: Atoms) -> dict[str, torch.Tensor]:
    energy = atoms.get_potential_energy() - COHESION * len(atoms)
    return {
        "reference_energy": torch.tensor([energy], dtype=torch.float64),
        "reference_forces": torch.from_numpy(atoms.get_forces()),
    }


KINDS: Kinds = {"training": training}
