"""Splines through knots, and networks that are trained with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ase.build import bulk

from eippot.config.model import ArchitectureConfig, EquivariantConfig, SchNetConfig
from eippot.data.store import build_graphs
from eippot.graphs.batch import StructureBatch
from eippot.kernels.library import build_library
from eippot.models.blocks.spline import RadialSpline
from eippot.models.prediction import predict
from eippot.models.splined import SplinedEquivariant, SplinedSchNet
from tests.networks import potential

#: SchNet has energies of 3 eV per atom with these numbers, which float32 has the digits for.
CONFIGS = [
    SchNetConfig(channels=32, radial_functions=32),
    EquivariantConfig(l_max=2, parity=True, channels=8),
]


@pytest.fixture(scope="module", autouse=True)
def library() -> Path:
    return build_library()


def test_polynomials_are_exact() -> None:
    spline = RadialSpline(4.0, 8)
    x = spline.positions(torch.linspace(0.0, 4.0, 101, dtype=torch.float64))
    powers = torch.arange(6)
    knots = spline.positions(spline.distances).unsqueeze(1)
    coefficients = spline((knots / 8.0) ** powers)
    bins = x.long().clamp(max=7)
    t = (x - bins).unsqueeze(1)
    found = sum(coefficients[bins, k] * t**k for k in range(6))
    torch.testing.assert_close(found, (x.unsqueeze(1) / 8.0) ** powers, rtol=0, atol=1e-12)


def _batch(dtype: torch.dtype) -> StructureBatch:
    structures = []
    for seed, size in enumerate([(2, 2, 2), (1, 1, 1)]):
        atoms = bulk("SiC", "zincblende", a=4.9, cubic=True) * size
        atoms.rattle(0.1, seed=seed)
        structures.append(atoms)
    return StructureBatch.of(build_graphs(structures, ["C", "Si"], 5.0, dtype).batch())


@pytest.mark.parametrize(("precision", "largest"), [("float64", 2e-5), ("float32", 1e-4)])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.architecture)
def test_training_sees_the_forces_of_the_network(
    config: ArchitectureConfig, precision: str, largest: float
) -> None:
    """Forces are of about 5 eV/Å."""
    exact = potential(config, torch.float64, scale=5.0)
    trained = potential(config, getattr(torch, precision), scale=5.0).for_training()
    assert isinstance(trained.representation, SplinedSchNet | SplinedEquivariant)
    batch = _batch(torch.float64)
    wanted = predict(exact, batch, with_forces=True, with_stress=True, create_graph=False)
    batch = _batch(getattr(torch, precision))
    found = predict(trained, batch, with_forces=True, with_stress=True, create_graph=False)
    assert wanted.forces is not None
    assert found.forces is not None
    assert found.stress is not None
    assert float(wanted.forces.abs().max()) > 5.0
    per_atom = (found.energy - wanted.energy)[:, 0] / batch.sizes
    assert float(per_atom.abs().max()) < 0.1 * largest
    assert float((found.forces - wanted.forces).square().mean().sqrt()) < 0.5 * largest
    assert float((found.forces - wanted.forces).abs().max()) < 5.0 * largest
    torch.testing.assert_close(found.stress.double(), wanted.stress, rtol=0, atol=0.1 * largest)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.architecture)
def test_weights_are_shared_and_get_the_gradients_of_the_network(
    config: ArchitectureConfig,
) -> None:
    model = potential(config, torch.float64, scale=5.0)
    trained = model.for_training()
    batch = _batch(torch.float64)
    gradients = []
    for each in (trained, model):
        found = predict(each, batch, with_forces=True, with_stress=False, create_graph=True)
        assert found.forces is not None
        loss = found.energy.square().mean() + found.forces.square().mean()
        gradients.append(torch.autograd.grad(loss, list(model.parameters())))
    largest = max(float(gradient.abs().max()) for gradient in gradients[1])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6 * largest)


def test_without_the_library_the_network_itself_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.models.schnet.available", lambda device: False)
    model = potential()
    assert model.for_training().representation is model.representation


def test_a_batch_without_edges() -> None:
    model = potential(SchNetConfig(channels=16), torch.float32).for_training()
    batch = _batch(torch.float32)
    alone = replace(batch, edge_index=batch.edge_index[:, :0], edge_vectors=batch.edge_vectors[:0])
    found = predict(model, alone, with_forces=True, with_stress=False, create_graph=False)
    assert float(found.energy.abs().max()) == 0.0
