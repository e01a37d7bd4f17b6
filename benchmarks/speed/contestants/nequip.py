"""NequIP: MD in ASE, plain and compiled by ``nequip-compile``; training."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from ase.io import write
from nequip.data.datamodule import ASEDataModule
from nequip.data.transforms import (
    ChemicalSpeciesToAtomTypeMapper,
    NeighborListTransform,
)
from nequip.integrations.ase import NequIPCalculator
from nequip.train import NequIPLightningModule
from nequip.utils.global_state import set_global_state

from benchmarks.speed.keeping import kept
from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import COHESION, CUTOFF, NEIGHBORS, labelled_crystals, md_in_ase
from benchmarks.speed.training import training_speed

ATOMS: Final = 64
#: structures of the training that only writes a file of random weights.
FEW_STRUCTURES: Final = 2
SPECIES: Final = ["Si"]
CHECKPOINT, COMPILED = "last.ckpt", "model.nequip.pt2"


def network(setting: Setting) -> dict[str, Any]:
    """Options of the model, those that eippot's equivariant model has as well."""
    return {
        "_target_": "nequip.model.NequIPGNNModel",
        "seed": 1,
        "model_dtype": "float32",
        "type_names": SPECIES,
        "r_max": CUTOFF,
        "num_layers": setting["layers"],
        "l_max": setting["l_max"],
        "parity": False,
        "num_features": setting["channels"],
        "radial_mlp_depth": 2,
        "radial_mlp_width": 64,
        "num_bessels": 8,
        "avg_num_neighbors": NEIGHBORS,
        "per_type_energy_shifts": {"Si": COHESION},
    }


def loss() -> dict[str, Any]:
    """Energies per atom and forces."""
    return {
        "_target_": "nequip.train.EnergyForceLoss",
        "per_atom_energy": True,
        "coeffs": {"total_energy": 1.0, "forces": 1.0},
    }


def run(folder: Path, program: str, *arguments: str) -> None:
    """Run a program of NequIP; its last lines are the error if it fails."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stdout[-300:]}")


def write_checkpoint(setting: Setting, folder: Path) -> Path:
    """What ``nequip-train`` writes after one step."""
    structures = labelled_crystals(2 * FEW_STRUCTURES, ATOMS)
    write(folder / "train.xyz", structures[:FEW_STRUCTURES], format="extxyz")
    write(folder / "validation.xyz", structures[FEW_STRUCTURES:], format="extxyz")
    mapper = {
        "_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper",
        "model_type_names": SPECIES,
    }
    neighbors = {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": CUTOFF}
    config = {
        "run": ["train"],
        "cutoff_radius": CUTOFF,
        "data": {
            "_target_": "nequip.data.datamodule.ASEDataModule",
            "seed": 1,
            "train_file_path": str(folder / "train.xyz"),
            "val_file_path": str(folder / "validation.xyz"),
            "transforms": [mapper, neighbors],
            "train_dataloader": {
                "_target_": "torch.utils.data.DataLoader",
                "batch_size": FEW_STRUCTURES,
            },
            "val_dataloader": {"_target_": "torch.utils.data.DataLoader", "batch_size": 1},
        },
        "trainer": {
            "_target_": "lightning.Trainer",
            "accelerator": "cpu",
            "max_epochs": 1,
            "logger": False,
            "callbacks": [
                {
                    "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
                    "dirpath": str(folder),
                    "save_last": True,
                }
            ],
        },
        "training_module": {
            "_target_": "nequip.train.NequIPLightningModule",
            "loss": loss(),
            "val_metrics": {
                "_target_": "nequip.train.EnergyForceMetrics",
                "coeffs": {"total_energy_mae": 1.0},
            },
            "optimizer": {"_target_": "torch.optim.Adam", "lr": 1e-3},
            "model": network(setting),
        },
    }
    (folder / "config.yaml").write_text(json.dumps(config))  # which is YAML
    run(folder, "nequip-train", "-cp", str(folder), "-cn", "config.yaml")
    return folder / CHECKPOINT


def ase(setting: Setting) -> Prepared:
    """MD with NequIPCalculator."""

    def write_models(folder: Path) -> None:
        path = write_checkpoint(setting, folder)
        if setting["compiled"]:
            options = ["--mode", "aotinductor", "--device", "cpu", "--target", "ase"]
            run(folder, "nequip-compile", str(path), str(folder / COMPILED), *options)

    kind = "compiled" if setting["compiled"] else "plain"
    size = "{layers} layers, l_max {l_max}, {channels} channels".format(**setting)
    folder = kept(f"{kind}, {size}", write_models)
    if setting["compiled"]:
        calculator = NequIPCalculator.from_compiled_model(folder / COMPILED)
    else:
        calculator = NequIPCalculator._from_saved_model(folder / CHECKPOINT)
    return Prepared(md_in_ase(calculator, setting))


def training(setting: Setting) -> Prepared:
    """Training by its data module, its model and its loss, neighbor lists made once."""
    torch.set_num_threads(setting["threads"])
    set_global_state()
    folder = Path(tempfile.mkdtemp())
    structures = labelled_crystals(setting["structures"], setting["atoms"])
    write(folder / "train.xyz", structures, format="extxyz")
    data = ASEDataModule(
        seed=1,
        train_file_path=str(folder / "train.xyz"),
        val_file_path=str(folder / "train.xyz"),
        transforms=[
            ChemicalSpeciesToAtomTypeMapper(model_type_names=SPECIES),
            NeighborListTransform(r_max=CUTOFF),
        ],
        train_dataloader={
            "_target_": "torch.utils.data.DataLoader",
            "batch_size": setting["batch"],
            "shuffle": True,
        },
        val_dataloader={"_target_": "torch.utils.data.DataLoader"},
    )
    data.prepare_data()
    data.setup("fit")
    numbers = {"train": 1, "val": 1, "test": 0, "predict": 0}
    module = NequIPLightningModule(network(setting), numbers, loss=loss())
    module.train()

    def losses() -> Iterator[tuple[torch.Tensor, int]]:
        for batch in data.train_dataloader():
            target = module.process_target(batch, 0)
            found = module.loss(module(batch), target, prefix="")
            yield found["weighted_sum"], len(batch["num_atoms"])

    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    weights = sum(weight.numel() for weight in module.parameters())
    return Prepared(training_speed(losses, optimizer), {"weights": weights})


KINDS: Kinds = {"ase": ase, "training": training}
