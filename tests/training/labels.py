"""Batches of three structures with labels that a test makes up, and single heads of a potential."""

from __future__ import annotations

import math
from typing import Final

import torch
from ase import Atoms
from torch import Tensor
from torch_geometric.data import Batch

from eippot.data.store import build_graphs
from eippot.models.potential import Potential
from eippot.testing.structures import CUTOFF, SPECIES, cluster, periodic, small_cell
from tests.networks import potential

NAN: Final = math.nan
STRUCTURES: Final = (periodic, small_cell, cluster)


def batch_of(labels: list[dict[str, Tensor]]) -> Batch:
    structures, given = [f() for f in STRUCTURES], iter(labels)
    graphs = build_graphs(structures, SPECIES, CUTOFF, torch.float64, lambda _: next(given))
    return graphs.batch()


def eip_labels(atoms: Atoms, heads: int, missing: tuple[int, ...] = ()) -> dict[str, Tensor]:
    energy = torch.zeros((1, heads), dtype=torch.float64)
    forces = torch.zeros((len(atoms), heads, 3), dtype=torch.float64)
    stress = torch.zeros((1, heads, 3, 3), dtype=torch.float64)
    for head in range(heads):
        forces[:, head] = 1000.0 * (head + 1)
    for head in missing:
        energy[:, head], forces[:, head], stress[:, head] = NAN, NAN, NAN
    return {"eip_energy": energy, "eip_forces": forces, "eip_stress": stress}


def only_head(model: Potential, head: int) -> Potential:
    """The same potential with one of its heads."""
    single = potential(heads=1)
    last = {
        name: value[head : head + 1]
        for name, value in model.state_dict().items()
        if name.startswith("heads.layers.2.")
    }
    single.load_state_dict(model.state_dict() | last)
    return single
