"""A pretrained potential starts at the combination of its heads that fits the labels best."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch

from eippot.graphs.batch import StructureBatch
from eippot.graphs.graph import AtomicGraph, build_graph
from eippot.models.blocks.zbl import ZBL
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.properties import ENERGY, FORCES
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.structures import CUTOFF, SPECIES, periodic, slab, small_cell
from eippot.training.head_start import combine_heads
from tests.networks import potential

MIXTURE = torch.tensor([0.7, -0.2, 0.4], dtype=torch.float64)
WEIGHTS = {ENERGY: 1.0, FORCES: 0.1}


@pytest.fixture
def pretrained() -> Potential:
    return potential(heads=3, scale=3.0)


@pytest.fixture
def fresh(pretrained: Potential) -> Potential:
    """One head on the same representation, at another scale of energy."""
    model = potential(heads=1, scale=0.5, seed=7)
    model.representation.load_state_dict(pretrained.representation.state_dict())
    return model


def labelled_graphs(pretrained: Potential) -> list[AtomicGraph]:
    """Structures whose labels are a known mixture of what the heads say."""
    graphs = []
    for atoms in (periodic(), small_cell(), slab()):
        graph = build_graph(atoms, SPECIES, CUTOFF, torch.float64)
        energy, forces = mixture_of_heads(pretrained, graph)
        graph.reference_energy = energy.reshape(1)
        graph.reference_forces = forces
        graphs.append(graph)
    return graphs


def mixture_of_heads(
    pretrained: Potential, graph: AtomicGraph
) -> tuple[torch.Tensor, torch.Tensor]:
    batch = StructureBatch.of(Batch.from_data_list([graph]))
    forces = torch.zeros((graph.num_nodes, 3), dtype=torch.float64)
    for p, share in enumerate(MIXTURE):
        head = torch.tensor([p])
        found = predict(
            pretrained, batch, with_forces=True, with_stress=False, create_graph=False, head=head
        )
        assert found.forces is not None
        forces = forces + share * found.forces
    return found.energy[0] @ MIXTURE, forces


def test_the_mixture_is_found(pretrained: Potential, fresh: Potential) -> None:
    found = combine_heads(fresh, pretrained, [labelled_graphs(pretrained)], WEIGHTS)[0]
    assert torch.allclose(found, MIXTURE, atol=0.05)


def test_the_potential_starts_there(pretrained: Potential, fresh: Potential) -> None:
    graphs = labelled_graphs(pretrained)
    (found,) = combine_heads(fresh, pretrained, [graphs], WEIGHTS)
    batch = StructureBatch.of(Batch.from_data_list(graphs))
    heads = predict(pretrained, batch, with_forces=False, with_stress=False, create_graph=False)
    one = predict(fresh, batch, with_forces=False, with_stress=False, create_graph=False)
    assert torch.allclose(one.energy[:, 0], heads.energy @ found, rtol=1e-9)


def test_missing_labels_do_not_count(pretrained: Potential, fresh: Potential) -> None:
    graphs = labelled_graphs(pretrained)
    graphs[0].reference_energy = torch.tensor([float("nan")], dtype=torch.float64)
    graphs[1].reference_forces = torch.full_like(graphs[1].reference_forces, float("nan"))
    (found,) = combine_heads(fresh, pretrained, [graphs], WEIGHTS)
    assert torch.isfinite(found).all()
    assert torch.allclose(found, MIXTURE, atol=0.1)


def test_the_core_is_counted_once() -> None:
    """EIPs and DFT share the repulsion of nuclei: with it or without, the mixture is the same."""
    found = {}
    for name in ("schnet", "schnet_zbl"):
        pretrained, fresh, target = (
            potential(ARCHITECTURES[name], heads=heads, scale=0.3) for heads in (3, 1, 1)
        )
        graphs = _compressed_graphs()
        for graph in graphs:
            batch = StructureBatch.of(Batch.from_data_list([graph]))
            label = predict(target, batch, with_forces=True, with_stress=False, create_graph=False)
            graph.reference_energy, graph.reference_forces = label.energy[:, 0], label.forces
        found[name] = combine_heads(fresh, pretrained, [graphs], WEIGHTS)
    torch.testing.assert_close(*found.values(), rtol=1e-6, atol=0)


def _compressed_graphs() -> list[AtomicGraph]:
    """Structures in which nuclei repel each other."""
    graphs = []
    for atoms in (periodic(), small_cell(), slab()):
        atoms.set_cell(0.7 * atoms.cell.array, scale_atoms=True)
        graphs.append(build_graph(atoms, SPECIES, CUTOFF, torch.float64))
        batch = StructureBatch.of(Batch.from_data_list(graphs[-1:]))
        core = ZBL(SPECIES, CUTOFF)(batch.species, batch.edge_index, batch.edge_vectors)
        assert core.sum() > 1.0
    return graphs
