"""Which member of a committee learns from which structure."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def shown_to_members(count: int, members: int, seed: int) -> Tensor:
    """Hide each structure from one member.

    Every member misses another share of the structures, 1/members of them, so that members differ
    where the data leave them free to (Krogh & Vedelsby, NeurIPS 1994).

    Parameters
    ----------
    count
        Number of structures.
    members
        K, at least 2.
    seed
        The same seed hides the same structures.

    Returns
    -------
    Tensor
        ``(count, members)`` bool: whether the member learns from the structure.
    """
    shown = torch.ones((count, members), dtype=torch.bool)
    for index, place in enumerate(np.random.default_rng(seed).permutation(count)):
        shown[index, place % members] = False
    return shown
