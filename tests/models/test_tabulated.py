"""Networks that read their functions of distances from tables."""

from __future__ import annotations

import pytest
import torch

from eippot.config.model import ArchitectureConfig, SOAPNetConfig
from eippot.models.factory import build_representation
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of
from eippot.testing.structures import CUTOFF, SPECIES, periodic


@pytest.mark.parametrize(
    ("config", "average_neighbors"),
    [
        pytest.param(ARCHITECTURES["schnet"], 20.0, id="schnet"),
        pytest.param(ARCHITECTURES["cgcnn"], 10.0, id="cgcnn"),
        pytest.param(SOAPNetConfig(cutoff=CUTOFF), 20.0, id="soapnet"),
    ],
)
def test_tables_change_nothing_that_matters(
    config: ArchitectureConfig, average_neighbors: float
) -> None:
    """Values and derivatives, where functions are smooth enough for so few bins."""
    torch.manual_seed(0)
    original = build_representation(config, len(SPECIES), average_neighbors).double()
    batch = batch_of([periodic()])
    results = []
    for model in (original, original.tabulated(512)):
        vectors = batch.edge_vectors.detach().requires_grad_()
        features = torch.jit.script(model)(batch.species, batch.edge_index, vectors)
        (gradient,) = torch.autograd.grad(features.sum(), vectors)
        results.append((features.detach(), gradient))
    for found, expected in zip(results[1], results[0], strict=True):
        assert not torch.equal(found, expected)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
