"""From a structure to tensors, and from graphs to batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from torch_geometric.data import Batch

from eippot.errors import DataError
from eippot.graphs.batch import StructureBatch
from eippot.graphs.graph import build_graph, species_indices, species_of
from eippot.testing.results import batch_of
from eippot.testing.structures import SPECIES, cluster, isolated_atom, periodic
from eippot.testing.subject import Precision


def test_species_are_sorted_by_atomic_number() -> None:
    assert species_of([Atoms("SiH"), Atoms("CSi")]) == ["H", "C", "Si"]


def test_species_indices_follow_the_order_given() -> None:
    assert species_indices(Atoms("SiCSi"), ["Si", "C"]).tolist() == [0, 1, 0]
    assert species_indices(Atoms("SiCSi"), ["C", "Si"]).tolist() == [1, 0, 1]


def test_unknown_element() -> None:
    with pytest.raises(DataError, match="Expected only C, Si, got Ge, O"):
        build_graph(Atoms("SiGeO", positions=np.eye(3)), SPECIES, 4.0, torch.float64)


def test_volume_needs_three_periodic_directions(precision: Precision) -> None:
    dtype = precision.dtype
    volume = build_graph(periodic(), SPECIES, 4.0, dtype).volume
    assert volume.dtype == dtype
    assert float(volume) == pytest.approx(periodic().get_volume(), rel=1e-6)
    assert build_graph(cluster(), SPECIES, 4.0, dtype).volume.isnan().all()


def test_labels_get_the_number_format_of_the_graph(precision: Precision) -> None:
    labels = {"energy": torch.tensor([1.0], dtype=torch.float64), "kind": torch.tensor([3])}
    graph = build_graph(cluster(), SPECIES, 4.0, precision.dtype, labels)
    assert graph.energy.dtype == graph.edge_vectors.dtype == precision.dtype
    assert graph.kind.dtype == torch.int64


def test_batch_keeps_structures_apart() -> None:
    structures = [periodic(), isolated_atom(), cluster()]
    batch = batch_of(structures)
    assert batch.sizes.tolist() == [8, 1, 5]
    center, neighbor = batch.structure[batch.edge_index]
    assert (center == neighbor).all()
    assert batch.species[8:9].tolist() == [1]
    assert batch.volume.isfinite().tolist() == [True, False, False]


def test_labels_are_batched_by_structure_and_by_atom() -> None:
    graphs = []
    for n in (2, 3):
        labels = {"eip_energy": torch.full((1, 4), float(n)), "eip_forces": torch.zeros(n, 4, 3)}
        atoms = Atoms(f"Si{n}", positions=np.eye(3)[:n])
        graphs.append(build_graph(atoms, SPECIES, 4.0, torch.float32, labels))
    batch = Batch.from_data_list(graphs)
    assert batch.eip_energy[:, 0].tolist() == [2, 3]
    assert batch.eip_forces.shape == (5, 4, 3)
    assert StructureBatch.of(batch).n_structures == 2
