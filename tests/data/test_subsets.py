"""Each structure is hidden from one member of a committee."""

from __future__ import annotations

import pytest
import torch

from eippot.data.subsets import shown_to_members


@pytest.mark.parametrize(("count", "members"), [(12, 4), (13, 4), (5, 2), (3, 5)])
def test_each_member_misses_its_share(count: int, members: int) -> None:
    shown = shown_to_members(count, members, seed=0)
    assert shown.shape == (count, members)
    assert (shown.sum(dim=1) == members - 1).all()
    hidden = (~shown).sum(dim=0)
    assert hidden.max() - hidden.min() <= 1


def test_the_seed_decides() -> None:
    assert torch.equal(shown_to_members(20, 4, seed=0), shown_to_members(20, 4, seed=0))
    assert not torch.equal(shown_to_members(20, 4, seed=0), shown_to_members(20, 4, seed=1))


def test_no_structure() -> None:
    assert shown_to_members(0, 3, seed=0).shape == (0, 3)
