"""MACE with 64 scalars (64x0e): MD in ASE, training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from mace import data, modules, tools
from mace.calculators import MACECalculator
from mace.tools import torch_geometric

from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import COHESION, CUTOFF, NEIGHBORS, labelled_crystals, md_in_ase
from benchmarks.speed.training import training_speed

ATOMIC_NUMBER = 14
INTERACTIONS = modules.interaction_classes


def network() -> tuple[torch.nn.Module, int]:
    """ScaleShiftMACE as its training builds it, and the number of its weights."""
    from e3nn import o3  # after mace, which lets it read its own files with torch of today

    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    model = modules.ScaleShiftMACE(
        r_max=CUTOFF,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=3,
        interaction_cls=INTERACTIONS["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=INTERACTIONS["RealAgnosticResidualInteractionBlock"],
        num_interactions=2,
        num_elements=1,
        hidden_irreps=o3.Irreps("64x0e"),
        MLP_irreps=o3.Irreps("16x0e"),
        atomic_energies=np.array([COHESION]),
        avg_num_neighbors=NEIGHBORS,
        atomic_numbers=[ATOMIC_NUMBER],
        correlation=3,
        gate=torch.nn.functional.silu,
        atomic_inter_scale=1.0,
        atomic_inter_shift=0.0,
    )
    return model, sum(weight.numel() for weight in model.parameters())


def ase(setting: Setting) -> Prepared:
    """MD with MACECalculator."""
    model, weights = network()
    calculator = MACECalculator(models=[model], device="cpu", default_dtype="float32")
    return Prepared(md_in_ase(calculator, setting), {"weights": weights})


def training(setting: Setting) -> Prepared:
    """Training by its loader and its loss, neighbor lists made once."""
    torch.set_num_threads(setting["threads"])
    model, weights = network()
    keys = data.KeySpecification(
        info_keys={"energy": "energy_label"}, arrays_keys={"forces": "force_labels"}
    )
    table = tools.AtomicNumberTable([ATOMIC_NUMBER])
    graphs = []
    for atoms in labelled_crystals(setting["structures"], setting["atoms"]):
        atoms.info["energy_label"] = atoms.get_potential_energy()
        atoms.arrays["force_labels"] = atoms.get_forces()
        configuration = data.config_from_atoms(atoms, key_specification=keys)
        graphs.append(data.AtomicData.from_config(configuration, z_table=table, cutoff=CUTOFF))
    loader = torch_geometric.dataloader.DataLoader(
        graphs, batch_size=setting["batch"], shuffle=True, drop_last=True
    )
    loss = modules.WeightedEnergyForcesLoss(energy_weight=1.0, forces_weight=100.0)

    def losses() -> Iterator[tuple[torch.Tensor, int]]:
        for batch in loader:
            output = model(batch.to_dict(), training=True, compute_force=True)
            yield loss(pred=output, ref=batch), batch.num_graphs

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return Prepared(training_speed(losses, optimizer), {"weights": weights})


KINDS: Kinds = {"ase": ase, "training": training}
