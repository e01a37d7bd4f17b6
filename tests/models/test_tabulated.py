"""Networks that read their functions of distances from tables."""

from __future__ import annotations

import pytest
import torch

from eippot.models.factory import build_representation
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.results import batch_of
from eippot.testing.structures import periodic


@pytest.mark.parametrize("architecture", ["schnet", "cgcnn", "soapnet"])
def test_tables_change_nothing_that_matters(architecture: str) -> None:
    """Values and derivatives, where functions are smooth enough for so few bins."""
    torch.manual_seed(0)
    original = build_representation(ARCHITECTURES[architecture], 2, 20.0).double()
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
