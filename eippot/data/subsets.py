"""Which member of a committee learns from which structure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from eippot.graphs.graph import AtomicGraph


def hide_from_members(graphs: Sequence[AtomicGraph], members: int, seed: int) -> None:
    """Hide each structure from one member: ``shown`` ``(1, members)`` of each graph is set.

    Every member misses another share of the structures, 1/members of them, so that members differ
    where the data leave them free to (Krogh & Vedelsby, NeurIPS 1994).

    Parameters
    ----------
    graphs
        The structures; changed in place.
    members
        K, at least 2.
    seed
        The same seed hides the same structures.
    """
    order = np.random.default_rng(seed).permutation(len(graphs))
    for index, place in enumerate(order):
        shown = torch.ones((1, members), dtype=torch.bool)
        shown[0, place % members] = False
        graphs[index].shown = shown
