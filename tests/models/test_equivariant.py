"""The equivariant architecture: what its features are, and what its weights depend on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from e3nn import o3
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from eippot.config.model import EquivariantConfig
from eippot.models.equivariant import Equivariant, Interaction, RadialWeights, useful_irreps
from eippot.models.exchange import GhostExchange
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of
from eippot.testing.structures import cluster, dimer, periodic
from eippot.testing.subject import Precision
from tests.networks import potential

ROTATION = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
OPERATIONS = {"rotation": ROTATION, "inversion": -np.eye(3), "improper rotation": -ROTATION}
CONFIGS = [name for name in ARCHITECTURES if name.startswith("equivariant")]


NATURAL = "0e + 1o + 2e"


def _model(name: str = "equivariant", **changes: object) -> Potential:
    return potential(ARCHITECTURES[name].model_copy(update=changes))


def _outputs(
    model: Potential, kind: type[nn.Module], inputs: tuple[Tensor, Tensor, Tensor]
) -> list[Tensor]:
    """What the modules of a kind give, in the order in which they run."""
    found: list[Tensor] = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output: found.append(output.detach()))
        for module in model.modules()
        if isinstance(module, kind)
    ]
    model(*inputs)
    for hook in hooks:
        hook.remove()
    return found


def _inputs() -> tuple[Tensor, Tensor, Tensor]:
    batch = batch_of([periodic()])
    return batch.species, batch.edge_index, batch.edge_vectors


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.usefixtures("exact_e3nn")
def test_features_turn_as_their_irreps_say(name: str, operation: np.ndarray) -> None:
    """After every interaction, under rotations and inversion, with and without ``parity``."""
    model = _model(name)
    assert isinstance(model.representation, Equivariant)
    species, edge_index, vectors = _inputs()
    matrix = torch.from_numpy(operation.copy())
    before = _outputs(model, Interaction, (species, edge_index, vectors))
    after = _outputs(model, Interaction, (species, edge_index, vectors @ matrix.T))
    irreps = model.representation.irreps[1:]
    for one, other, of_layer in zip(before, after, irreps, strict=True):
        size = one.abs().max()
        parts = [x.split_with_sizes([ir.dim for ir in of_layer], dim=1) for x in (one, other)]
        for ir, x, turned in zip(of_layer, *parts, strict=True):
            assert x.abs().max() > 1e-3 * size
            expected = torch.einsum("ij,njc->nic", ir.D_from_matrix(matrix), x)
            torch.testing.assert_close(turned, expected, rtol=0, atol=1e-11 * float(size))


@pytest.mark.parametrize(
    ("l_max", "parity", "interactions", "expected"),
    [
        (2, False, 1, ["0e", "0e"]),
        (2, False, 3, ["0e", NATURAL, NATURAL, "0e"]),
        (2, True, 3, ["0e", NATURAL, NATURAL, "0e"]),
        (2, True, 4, ["0e", NATURAL, f"{NATURAL} + 1e + 2o", NATURAL, "0e"]),
        (1, True, 4, ["0e", "0e + 1o", "0e + 1o + 1e", "0e + 1o", "0e"]),
    ],
)
def test_only_useful_irreps(
    l_max: int, parity: bool, interactions: int, expected: list[str]
) -> None:
    found = useful_irreps(l_max, parity, interactions)
    assert found == [[ir for _, ir in o3.Irreps(text)] for text in expected]


def test_pseudoscalars_come_with_six_interactions() -> None:
    assert o3.Irrep("0o") in useful_irreps(1, True, 6)[3]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_weight_matters(name: str) -> None:
    model = _model(name)
    found = predict(
        model, batch_of([periodic()]), with_forces=True, with_stress=False, create_graph=True
    )
    assert found.forces is not None
    weights = dict(model.representation.named_parameters())
    gradients = torch.autograd.grad(found.forces.square().sum(), list(weights.values()))
    for label, gradient in zip(weights, gradients, strict=True):
        assert gradient.abs().max() > 0, label


def test_weights_of_neighbors_depend_on_the_distance_alone() -> None:
    """Other directions, other species: the same weights, so that a table could give them."""
    model = _model()
    species, edge_index, vectors = _inputs()
    before = _outputs(model, RadialWeights, (species, edge_index, vectors))
    turned = vectors @ torch.from_numpy(ROTATION)
    after = _outputs(model, RadialWeights, (1 - species, edge_index, turned))
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other)
        assert one.std(dim=0).min() > 0


@pytest.mark.parametrize("name", CONFIGS)
def test_neighbors_are_read_through_exchanges(name: str) -> None:
    """Before each interaction but the first, as ``(n, d)``."""
    model = _model(name)
    exchanged = _outputs(model, GhostExchange, _inputs())
    assert len(exchanged) == model.representation.n_exchanges
    assert {x.dim() for x in exchanged} == {2}


def test_self_interactions_know_the_species() -> None:
    """Atoms without neighbors differ, even if their embeddings were the same."""
    representation = _model().representation
    assert isinstance(representation, Equivariant)
    with torch.no_grad():
        representation.embedding.weight.copy_(representation.embedding.weight[:1].expand(2, -1))
    nothing = torch.zeros((2, 0), dtype=torch.int64), torch.zeros((0, 3), dtype=torch.float64)
    carbon, silicon = representation(torch.tensor([0, 1]), *nothing)
    assert (carbon - silicon).abs().max() > 0.01


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("distance", [0.0, 0.004, 0.5, 2.0])
def test_tables_take_the_place_of_radial_networks(name: str, distance: float) -> None:
    """Close atoms too, whose direction fades."""
    model = _model(name)
    tabulated = model.tabulated(8192)
    assert not any(isinstance(module, RadialWeights) for module in tabulated.modules())
    batch = batch_of([periodic(), dimer(distance)])
    expected, found = (
        predict(each, batch, with_forces=True, with_stress=False, create_graph=False)
        for each in (model, tabulated)
    )
    torch.testing.assert_close(found.energy, expected.energy, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(found.forces, expected.forces, rtol=1e-6, atol=1e-7)


def test_features_have_the_same_size_in_every_layer() -> None:
    """Component normalization: no layer of a fresh network makes features fade or grow."""
    torch.manual_seed(2)
    config = EquivariantConfig(cutoff=5.0, interactions=5)
    batch = batch_of([periodic(), cluster()], cutoff=5.0)
    neighbors = batch.edge_index.shape[1] / len(batch.species)
    model = Potential(Equivariant(config, 2, neighbors), 2, 1, 1.0).double()
    inputs = batch.species, batch.edge_index, batch.edge_vectors
    sizes = [x.square().mean().sqrt() for x in _outputs(model, Interaction, inputs)]
    assert all(0.2 < size < 2.0 for size in sizes), sizes


def test_forces_between_near_atoms_are_finite(precision: Precision) -> None:
    """And can be trained on: the direction of an edge fades below a hundredth of an Å."""
    model = potential(ARCHITECTURES["equivariant"], precision.dtype)
    largest = []
    for distance in (0.1, 1e-3, 1e-8, 0.0):
        batch = batch_of([dimer(distance)], precision.dtype)
        found = predict(model, batch, with_forces=True, with_stress=False, create_graph=True)
        assert found.forces is not None
        largest.append(float(found.forces.detach().abs().max()))
        loss = found.forces.square().sum() + found.energy.square().sum()
        for gradient in torch.autograd.grad(loss, list(model.parameters()), allow_unused=True):
            assert gradient is None or gradient.isfinite().all()
    assert max(largest) < 1e3 * largest[0]
