"""SchNetPack's SchNet: MD in ASE, training."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import schnetpack as spk
import schnetpack.transform as trn
import torch
from schnetpack.data import ASEAtomsData, AtomsDataModule
from schnetpack.interfaces import SpkCalculator

from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, labelled_crystals, md_in_ase
from benchmarks.speed.training import training_speed

#: Gaussians that expand a distance, as in eippot's default.
RADIAL_FUNCTIONS = 32
#: how much farther than the cutoff the neighbor list of MD reaches [Å].
SKIN = 0.5


def network(setting: Setting) -> torch.nn.Module:
    """SchNet with energies and forces."""
    radial = spk.nn.GaussianRBF(n_rbf=RADIAL_FUNCTIONS, cutoff=CUTOFF)
    schnet = spk.representation.SchNet(
        n_atom_basis=setting["channels"],
        n_interactions=3,
        radial_basis=radial,
        cutoff_fn=spk.nn.CosineCutoff(CUTOFF),
    )
    model: torch.nn.Module = spk.model.NeuralNetworkPotential(
        representation=schnet,
        input_modules=[spk.atomistic.PairwiseDistances()],
        output_modules=[
            spk.atomistic.Atomwise(n_in=setting["channels"], output_key="energy"),
            spk.atomistic.Forces(energy_key="energy", force_key="forces"),
        ],
        postprocessors=[trn.CastTo64()],
    )
    return model


def weights(model: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def ase(setting: Setting) -> Prepared:
    """MD with SpkCalculator, neighbor lists by vesin with a skin."""
    torch.manual_seed(0)
    model = network(setting)
    calculator = SpkCalculator(
        model,
        neighbor_list=trn.SkinNeighborList(trn.VesinNeighborList(CUTOFF), cutoff_skin=SKIN),
        energy_unit="eV",
    )
    return Prepared(md_in_ase(calculator, setting), {"weights": weights(model)})


def training(setting: Setting) -> Prepared:
    """Training by its data module and its task, neighbor lists from its cache."""
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(0)
    folder = Path(tempfile.mkdtemp())
    structures = labelled_crystals(setting["structures"], setting["atoms"])
    data = ASEAtomsData.create(
        str(folder / "silicon.db"),
        distance_unit="Ang",
        property_unit_dict={"energy": "eV", "forces": "eV/Ang"},
    )
    labels = [{"energy": [a.get_potential_energy()], "forces": a.get_forces()} for a in structures]
    data.add_systems(labels, structures)
    module = AtomsDataModule(
        str(folder / "silicon.db"),
        batch_size=setting["batch"],
        num_train=len(structures),
        num_val=0,
        num_test=0,
        split_file=str(folder / "split.npz"),
        load_properties=["energy", "forces"],
        transforms=[
            trn.CachedNeighborList(
                str(folder / "cache"), trn.MatScipyNeighborList(CUTOFF), keep_cache=True
            ),
            trn.CastTo32(),
        ],
        num_workers=0,
        pin_memory=False,
    )
    module.setup()
    outputs = [
        spk.task.ModelOutput("energy", torch.nn.MSELoss(), 0.01, metrics={}),
        spk.task.ModelOutput("forces", torch.nn.MSELoss(), 0.99, metrics={}),
    ]
    model = network(setting)
    task = spk.task.AtomisticTask(model, outputs, torch.optim.Adam, {"lr": 1e-3})
    model.initialize_transforms(module)  # type: ignore[operator]
    optimizer = torch.optim.Adam(task.parameters(), lr=1e-3)

    def losses() -> Iterator[tuple[torch.Tensor, int]]:
        for batch in module.train_dataloader():
            targets = {
                output.target_property: batch[output.target_property] for output in task.outputs
            }
            predictions = task.predict_without_postprocessing(batch)
            yield task.loss_fn(predictions, targets), len(batch["_idx"])

    return Prepared(training_speed(losses, optimizer), {"weights": weights(model)})


KINDS: Kinds = {"ase": ase, "training": training}
