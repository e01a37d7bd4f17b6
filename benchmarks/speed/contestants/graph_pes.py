"""graph-pes' SchNet: MD in ASE, training."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from graph_pes import AtomicGraph
from graph_pes.atomic_graph import number_of_structures
from graph_pes.data.loader import GraphDataLoader
from graph_pes.models import SchNet
from graph_pes.training.loss import PerAtomEnergyLoss, PropertyLoss, TotalLoss

from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, crystal, labelled_crystals, md_in_ase
from benchmarks.speed.training import training_speed

#: Gaussians that expand a distance, as in eippot's default.
RADIAL_FUNCTIONS = 32
#: how much farther than the cutoff the neighbor list of MD reaches [Å].
SKIN = 0.5


def network(setting: Setting) -> tuple[SchNet, int]:
    """SchNet, and the number of its weights."""
    torch.manual_seed(0)
    model = SchNet(
        cutoff=CUTOFF,
        channels=setting["channels"],
        expansion_features=RADIAL_FUNCTIONS,
        layers=3,
    )
    model(AtomicGraph.from_ase(crystal(64), CUTOFF))  # this registers silicon
    return model, sum(weight.numel() for weight in model.parameters())


def ase(setting: Setting) -> Prepared:
    """MD with its calculator, which keeps neighbor lists with a skin."""
    model, weights = network(setting)
    calculator = model.eval().ase_calculator(skin=SKIN)
    return Prepared(md_in_ase(calculator, setting), {"weights": weights})


def training(setting: Setting) -> Prepared:
    """Training by its loader and its losses, neighbor lists made once."""
    torch.set_num_threads(setting["threads"])
    model, weights = network(setting)
    structures = labelled_crystals(setting["structures"], setting["atoms"])
    graphs = [AtomicGraph.from_ase(atoms, CUTOFF) for atoms in structures]
    loader = GraphDataLoader(graphs, batch_size=setting["batch"], shuffle=True)
    loss = TotalLoss([PerAtomEnergyLoss(), PropertyLoss("forces")])
    for part in loss.losses:
        part.pre_fit(next(iter(loader)))
    model.train()

    def losses() -> Iterator[tuple[torch.Tensor, int]]:
        for batch in loader:
            predictions = model.predict(batch, properties=["energy", "forces"])
            value = loss(model, batch, predictions).loss_value
            yield value, number_of_structures(batch)

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return Prepared(training_speed(losses, optimizer), {"weights": weights})


KINDS: Kinds = {"ase": ase, "training": training}
