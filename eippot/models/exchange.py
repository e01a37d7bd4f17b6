"""Where the features of atoms become the features of neighbors."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn


def _identity(features: Tensor) -> Tensor:
    return features


def _operators() -> torch.library.Library:
    """Define ``eippot::exchange``, unless the LAMMPS plugin did so in this process."""
    library = torch.library.Library("eippot", "FRAGMENT")  # type: ignore[no-untyped-call]
    if not hasattr(torch.ops.eippot, "exchange"):
        library.define("exchange(Tensor(a) features) -> Tensor(a)")  # type: ignore[no-untyped-call]
        library.impl(  # type: ignore[no-untyped-call]
            "exchange", _identity, "CompositeImplicitAutograd"
        )
    return library


#: torch forgets the operator when this is deleted.
OPERATORS: Final = _operators()


class GhostExchange(nn.Module):
    """Where the features of atoms become the features of neighbors.

    Within one process every neighbor is an atom of its own list, and the exchange is the
    identity. LAMMPS divides space between processes: there the operator, which exported models
    call by its name, sends the features of atoms at the borders to the processes that see them as
    neighbors, and in its derivative the gradients back.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Features ``(n, d)`` of the atoms, as their neighbors see them."""
        seen: Tensor = torch.ops.eippot.exchange(features)
        return seen
