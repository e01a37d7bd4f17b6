"""New networks start with centered layers, where their architecture names some."""

from __future__ import annotations

import pytest
import torch

from eippot.config.model import ArchitectureConfig, EquivariantConfig, SchNetConfig
from eippot.data.loaders import validation_loader
from eippot.data.store import GraphStore, build_graphs
from eippot.graphs.batch import StructureBatch
from eippot.models.factory import build_representation
from eippot.models.potential import Classifier, Potential
from eippot.testing.structures import CUTOFF, SPECIES, dimer
from eippot.training.centering import center_layers
from tests.synthetic import labelled_structures
from tests.training.problem import graphs as dimers

SCHNET = SchNetConfig(cutoff=4.0, channels=8, interactions=2, radial_functions=6)


@pytest.fixture(scope="module")
def crystals() -> GraphStore:
    return build_graphs(labelled_structures(), SPECIES, 4.0, torch.float32)


def _potential(config: ArchitectureConfig) -> Potential:
    torch.manual_seed(0)
    return Potential(build_representation(config, len(SPECIES), 12.0), len(SPECIES), 1, 1.0)


def _features(model: Potential, graphs: GraphStore) -> torch.Tensor:
    with torch.no_grad():
        batches = map(StructureBatch.of, validation_loader(graphs))
        return torch.cat(
            [model.representation(b.species, b.edge_index, b.edge_vectors) for b in batches]
        )


def test_outputs_are_centered(crystals: GraphStore) -> None:
    """x = embedding + v₁ + v₂, both v of mean zero and deviation one."""
    model = _potential(SCHNET)
    before = _features(model, crystals).std(dim=0)
    center_layers(model, crystals)
    embedding = model.state_dict()["representation.embedding.weight"][crystals.column("species")]
    updates = _features(model, crystals) - embedding
    assert updates.mean(dim=0).abs().max() < 1e-4
    assert updates.std(dim=0).max() < 2.0
    assert updates.std(dim=0).mean() > 2 * before.mean()
    hidden = model.heads.layers[0](_features(model, crystals))
    torch.testing.assert_close(hidden.std(dim=0, correction=0), torch.ones(8), atol=1e-3, rtol=0)


def test_equal_atoms_are_not_blown_up() -> None:
    """All atoms of equal dimers are alike: there is no deviation to divide by."""
    alike = build_graphs([dimer(2.0)] * 4, SPECIES, CUTOFF, torch.float32)
    model = _potential(SCHNET)
    center_layers(model, alike)
    assert max(float(weight.abs().max()) for weight in model.state_dict().values()) < 1e4


def test_others_stay_as_they_are(crystals: GraphStore) -> None:
    model = _potential(EquivariantConfig(channels=4, l_max=1, interactions=2))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    center_layers(model, crystals)
    torch.testing.assert_close(model.state_dict(), before, atol=0, rtol=0)


def test_a_classifier_has_no_energy_head() -> None:
    torch.manual_seed(0)
    representation = build_representation(SCHNET, len(SPECIES), 12.0)
    model = Classifier(representation, 3)
    head = {name: weight.clone() for name, weight in model.head.state_dict().items()}
    center_layers(model, dimers(torch.linspace(1.5, 2.9, 6).numpy()))
    torch.testing.assert_close(model.head.state_dict(), head, atol=0, rtol=0)
