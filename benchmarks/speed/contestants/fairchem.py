"""GemNet-T of fairchem-core 1.x: training."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from ase import Atoms
from fairchem.core.models.gemnet.gemnet import GemNetT
from fairchem.core.preprocessing import AtomsToGraphs
from torch_geometric.loader import DataLoader

from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, labelled_crystals
from benchmarks.speed.training import training_speed

#: no atom has more.
MOST_NEIGHBORS = 50


def network() -> GemNetT:
    """GemNet-T of the size of eippot's default."""
    return GemNetT(
        num_spherical=7,
        num_radial=6,
        num_blocks=3,
        emb_size_atom=64,
        emb_size_edge=64,
        emb_size_trip=32,
        emb_size_rbf=16,
        emb_size_cbf=16,
        emb_size_bil_trip=64,
        num_before_skip=1,
        num_after_skip=1,
        num_concat=1,
        num_atom=2,
        direct_forces=False,
        cutoff=CUTOFF,
        max_neighbors=MOST_NEIGHBORS,
    )


def training(setting: Setting) -> Prepared:
    """Training on its graphs, neighbor lists made once."""
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(0)
    model = network()
    structures = labelled_crystals(setting["structures"], setting["atoms"])
    loader = DataLoader(_graphs(structures), batch_size=setting["batch"], shuffle=True)

    def losses() -> Iterator[tuple[torch.Tensor, int]]:
        for batch in loader:
            found = model(batch)
            energy = (found["energy"].view(-1) - batch.energy) / batch.natoms
            yield (
                energy.square().mean() + (found["forces"] - batch.forces).square().mean(),
                len(energy),
            )

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    weights = sum(weight.numel() for weight in model.parameters())
    return Prepared(training_speed(losses, optimizer), {"weights": weights})


def _graphs(structures: list[Atoms]) -> list[object]:
    converter = AtomsToGraphs(
        max_neigh=MOST_NEIGHBORS,
        radius=CUTOFF,
        r_energy=True,
        r_forces=True,
        r_distances=True,
        r_edges=True,
        r_pbc=True,
    )
    graphs = []
    for atoms in structures:
        graph = converter.convert(atoms)
        graph.neighbors = torch.tensor([graph.edge_index.shape[1]])
        graphs.append(graph)
    return graphs


KINDS: Kinds = {"training": training}
