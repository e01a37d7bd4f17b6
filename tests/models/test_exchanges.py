"""Features of neighbors are exchanged as often as an architecture says."""

from __future__ import annotations

import pytest

from eippot.models.base import GhostExchange
from tests.crystals import periodic
from tests.networks import ARCHITECTURES, batch_of, potential


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_exchanges_are_counted(architecture: str) -> None:
    """Engines of several processes wait for each other as often as this number says."""
    model = potential(ARCHITECTURES[architecture])
    seen = []
    for module in model.modules():
        if isinstance(module, GhostExchange):
            module.register_forward_hook(lambda *_: seen.append(1))
    batch = batch_of([periodic()])
    model(batch.species, batch.edge_index, batch.edge_vectors)
    assert len(seen) == model.representation.n_exchanges
