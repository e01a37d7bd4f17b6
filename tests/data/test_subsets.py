"""Each structure is hidden from one member of a committee."""

from __future__ import annotations

import pytest
import torch

from eippot.data.subsets import hide_from_members
from eippot.graphs.graph import AtomicGraph, build_graph
from eippot.testing.structures import small_cell


def _graphs(count: int) -> list[AtomicGraph]:
    return [build_graph(small_cell(), ["C", "Si"], 3.0, torch.float64) for _ in range(count)]


def _shown(count: int, members: int, seed: int = 0) -> torch.Tensor:
    graphs = _graphs(count)
    hide_from_members(graphs, members, seed)
    return torch.cat([graph.shown for graph in graphs])


@pytest.mark.parametrize(("count", "members"), [(12, 4), (13, 4), (5, 2), (3, 5)])
def test_each_member_misses_its_share(count: int, members: int) -> None:
    shown = _shown(count, members)
    assert shown.shape == (count, members)
    assert (shown.sum(dim=1) == members - 1).all()
    hidden = (~shown).sum(dim=0)
    assert hidden.max() - hidden.min() <= 1


def test_the_seed_decides() -> None:
    assert torch.equal(_shown(20, 4), _shown(20, 4))
    assert not torch.equal(_shown(20, 4), _shown(20, 4, seed=1))


def test_no_structure() -> None:
    hide_from_members([], 3, 0)
