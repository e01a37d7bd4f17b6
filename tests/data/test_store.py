"""Structures as tensors, and batches of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor
from torch_geometric.data import Batch, Data

from eippot.data.labels import Labels
from eippot.data.store import GraphStore, build_graphs
from eippot.graphs.batch import StructureBatch
from eippot.graphs.neighbors import neighbor_list
from eippot.graphs.species import species_indices
from eippot.testing.results import batch_of
from eippot.testing.structures import SPECIES, cluster, dimer, isolated_atom, periodic
from eippot.testing.subject import Precision

#: of several sizes, an isolated atom among them.
STRUCTURES = [bulk("Si"), Atoms("C"), bulk("SiC", "zincblende", a=4.4), dimer(1.6)]


def _label(atoms: Atoms) -> Labels:
    """One label per atom and one per structure, other numbers for each structure."""
    torch.manual_seed(len(atoms) + int(atoms.numbers[0]))
    return {"forces": torch.randn(len(atoms), 2, 3), "stress": torch.randn(1, 3, 3)}


@pytest.fixture
def graphs() -> GraphStore:
    return build_graphs(STRUCTURES, SPECIES, 4.0, torch.float32, _label)


def test_volume_needs_three_periodic_directions(precision: Precision) -> None:
    volume = build_graphs([periodic(), cluster()], SPECIES, 4.0, precision.dtype).column("volume")
    assert volume.dtype == precision.dtype
    assert float(volume[0]) == pytest.approx(periodic().get_volume(), rel=1e-6)
    assert volume[1].isnan()


def test_labels_get_the_number_format_of_the_graph(precision: Precision) -> None:
    labels = {"energy": torch.tensor([1.0], dtype=torch.float64), "kind": torch.tensor([3])}
    graphs = build_graphs([cluster()], SPECIES, 4.0, precision.dtype, lambda _: labels)
    assert graphs.column("energy").dtype == graphs.column("edge_vectors").dtype == precision.dtype
    assert graphs.column("kind").dtype == torch.int64


def test_a_batch_keeps_structures_apart() -> None:
    batch = batch_of([periodic(), isolated_atom(), cluster()])
    assert batch.sizes.tolist() == [8, 1, 5]
    center, neighbor = batch.structure[batch.edge_index]
    assert (center == neighbor).all()
    assert batch.species[8:9].tolist() == [1]
    assert batch.volume.isfinite().tolist() == [True, False, False]


def test_labels_are_batched_by_structure_and_by_atom() -> None:
    def label(atoms: Atoms) -> Labels:
        n = len(atoms)
        return {"eip_energy": torch.full((1, 4), float(n)), "eip_forces": torch.zeros(n, 4, 3)}

    structures = [Atoms(f"Si{n}", positions=np.eye(3)[:n]) for n in (2, 3)]
    batch = build_graphs(structures, SPECIES, 4.0, torch.float32, label).batch()
    assert batch.eip_energy[:, 0].tolist() == [2, 3]
    assert batch.eip_forces.shape == (5, 4, 3)
    assert StructureBatch.of(batch).n_structures == 2


def test_batches_are_those_of_pyg(graphs: GraphStore) -> None:
    for chosen in ([2, 0, 1], [1], [3, 1, 3]):
        found = graphs.batch(chosen)
        _expect_equal(found, Batch.from_data_list([_data(STRUCTURES[i]) for i in chosen]))
        assert found.num_graphs == len(chosen)
    _expect_equal(graphs.batch(), Batch.from_data_list([_data(atoms) for atoms in STRUCTURES]))


def _data(atoms: Atoms) -> Data:
    neighbors = neighbor_list(atoms, 4.0)
    return Data(
        species=torch.from_numpy(species_indices(atoms, SPECIES)),
        edge_index=torch.from_numpy(neighbors.edge_index),
        edge_vectors=torch.from_numpy(neighbors.edge_vectors).float(),
        volume=torch.tensor([atoms.get_volume() if atoms.pbc.all() else float("nan")]).float(),
        num_nodes=len(atoms),
        **_label(atoms),
    )


def _expect_equal(found: Batch, expected: Batch) -> None:
    tensors = {k: v for k, v in expected.to_dict().items() if isinstance(v, Tensor)}
    assert set(found.to_dict()) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].is_contiguous()
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0, equal_nan=True)


def test_parts_share_their_tensors(graphs: GraphStore) -> None:
    some = graphs.subset([3, 0, 2])
    _expect_equal(some.batch([1, 0]), graphs.batch([0, 3]))
    _expect_equal(some.subset([2]).batch(), graphs.batch([2]))
    assert some.n_atoms.tolist() == [2, 2, 2]
    first, none, others = graphs.split([1, 0, 3])
    assert list(map(len, (first, none, others))) == [1, 0, 3]
    _expect_equal(others.batch(), graphs.batch([1, 2, 3]))


def test_a_label_is_added_to_some(graphs: GraphStore) -> None:
    some = graphs.subset([3, 0]).with_label("true_class", torch.tensor([7, 5]))
    assert some.column("true_class").tolist() == [7, 5]
    assert some.batch([1, 0, 1]).true_class.tolist() == [5, 7, 5]
    assert some.subset([1]).batch().true_class.tolist() == [5]
    assert "true_class" not in graphs.batch()
