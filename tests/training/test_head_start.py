"""A pretrained potential starts at the combination of its heads that fits the labels best."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from ase import Atoms

from eippot.data.labels import Labels
from eippot.data.store import GraphStore, build_graphs
from eippot.graphs.batch import StructureBatch
from eippot.models.blocks.zbl import ZBL
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.properties import ENERGY, FORCES
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of
from eippot.testing.structures import CUTOFF, SPECIES, periodic, slab, small_cell
from eippot.training.centering import center_layers
from eippot.training.head_start import combine_heads
from tests.networks import potential

MIXTURE = torch.tensor([0.7, -0.2, 0.4], dtype=torch.float64)
STRUCTURES = (periodic(), small_cell(), slab())
WEIGHTS = {ENERGY: 1.0, FORCES: 0.1}


@pytest.fixture
def pretrained() -> Potential:
    """Centered, as a training begins: else what its heads say is much the same."""
    model = potential(heads=3, scale=3.0)
    center_layers(model, build_graphs(STRUCTURES, SPECIES, CUTOFF, torch.float64))
    return model


@pytest.fixture
def fresh(pretrained: Potential) -> Potential:
    """One head on the same representation, at another scale of energy."""
    model = potential(heads=1, scale=0.5, seed=7)
    model.representation.load_state_dict(pretrained.representation.state_dict())
    return model


def labelled_graphs(pretrained: Potential) -> GraphStore:
    """Structures whose labels are a known mixture of what the heads say."""
    label = partial(mixture_of_heads, pretrained)
    return build_graphs(STRUCTURES, SPECIES, CUTOFF, torch.float64, label)


def mixture_of_heads(pretrained: Potential, atoms: Atoms) -> Labels:
    batch = batch_of([atoms])
    forces = torch.zeros((len(atoms), 3), dtype=torch.float64)
    for p, share in enumerate(MIXTURE):
        head = torch.tensor([p])
        found = predict(
            pretrained, batch, with_forces=True, with_stress=False, create_graph=False, head=head
        )
        assert found.forces is not None
        forces = forces + share * found.forces
    return {
        "reference_energy": found.energy[0].detach() @ MIXTURE[:, None],
        "reference_forces": forces.detach(),
    }


def test_the_mixture_is_found(pretrained: Potential, fresh: Potential) -> None:
    found = combine_heads(fresh, pretrained, [labelled_graphs(pretrained)], WEIGHTS)[0]
    assert torch.allclose(found, MIXTURE, atol=0.05)


def test_the_potential_starts_there(pretrained: Potential, fresh: Potential) -> None:
    graphs = labelled_graphs(pretrained)
    (found,) = combine_heads(fresh, pretrained, [graphs], WEIGHTS)
    batch = StructureBatch.of(graphs.batch())
    heads = predict(pretrained, batch, with_forces=False, with_stress=False, create_graph=False)
    one = predict(fresh, batch, with_forces=False, with_stress=False, create_graph=False)
    assert torch.allclose(one.energy[:, 0], heads.energy @ found, rtol=1e-9)


def test_missing_labels_do_not_count(pretrained: Potential, fresh: Potential) -> None:
    def label(atoms: Atoms) -> Labels:
        labels = mixture_of_heads(pretrained, atoms)
        missing = "reference_forces" if len(atoms) == 2 else None
        missing = "reference_energy" if atoms is STRUCTURES[0] else missing
        return {k: torch.full_like(v, torch.nan) if k == missing else v for k, v in labels.items()}

    graphs = build_graphs(STRUCTURES, SPECIES, CUTOFF, torch.float64, label)
    assert graphs.column("reference_energy").isnan().sum() == 1
    assert 0 < graphs.column("reference_forces").isnan().sum() < 3 * graphs.n_atoms.sum()
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

        def label(atoms: Atoms, target: Potential = target) -> Labels:
            batch = batch_of([atoms])
            found = predict(target, batch, with_forces=True, with_stress=False, create_graph=False)
            assert found.forces is not None
            return {
                "reference_energy": found.energy[:, 0].detach(),
                "reference_forces": found.forces.detach(),
            }

        graphs = build_graphs(_compressed(), SPECIES, CUTOFF, torch.float64, label)
        found[name] = combine_heads(fresh, pretrained, [graphs], WEIGHTS)
    torch.testing.assert_close(*found.values(), rtol=1e-6, atol=0)


def _compressed() -> list[Atoms]:
    """Structures in which nuclei repel each other."""
    structures = [atoms.copy() for atoms in STRUCTURES]
    for atoms in structures:
        atoms.set_cell(0.7 * atoms.cell.array, scale_atoms=True)
        batch = batch_of([atoms])
        core = ZBL(SPECIES, CUTOFF)(batch.species, batch.edge_index, batch.edge_vectors)
        assert core.sum() > 1.0
    return structures
