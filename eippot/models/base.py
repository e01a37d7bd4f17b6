"""The contract that every architecture fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from eippot.errors import ModelError


class Representation(nn.Module, ABC):
    """An architecture: from species and edges to one feature vector per atom.

    A new architecture is one file with one subclass, which gives the four numbers below and writes
    ``forward``; its constructor takes ``(config, n_species, average_neighbors)``. It takes and
    gives plain tensors (no cell, no positions, no PyG object) and can be scripted by TorchScript.

    ================  ===========  ========================================================
    argument          shape        meaning
    ================  ===========  ========================================================
    ``species``       (n,)         index of each atom's element, int64
    ``edge_index``    (2, E)       center and neighbor of each edge, int64; both directions
    ``edge_vectors``  (E, 3)       r_neighbor − r_center [Å]
    *result*          (n, dim)     features of each atom
    ================  ===========  ========================================================

    ``n`` and ``E`` may be zero. The features have continuous second derivatives with respect to
    the edge vectors, also where an edge enters or leaves at the cutoff. Everything radial is a
    function of the distance and the two species alone, so that it can be tabulated. Features of
    neighbors are read through a GhostExchange, never directly (except before the first
    interaction, where they are a function of the species). An architecture whose messages live on
    edges exchanges nothing, ``n_exchanges = 0``: all atoms within its ``interaction_range`` have
    to be there, with their edges.

    Parameters
    ----------
    cutoff
        Length of the longest edge [Å].
    dim
        Features per atom.
    n_exchanges
        How often features of neighbors pass through a GhostExchange.
    interaction_range
        How far an atom's energy may depend on other atoms [Å].

    Attributes
    ----------
    citation
        What users of the architecture cite, in one line; exported files name it.
    """

    citation = ""

    def __init__(self, cutoff: float, dim: int, n_exchanges: int, interaction_range: float) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.dim = dim
        self.n_exchanges = n_exchanges
        self.interaction_range = interaction_range

    @property
    def ghost_range(self) -> float:
        """How far away atoms have to be known [Å] by a process that gets their features."""
        return self.cutoff if self.n_exchanges > 0 else self.interaction_range

    def centered_layers(self) -> list[nn.Linear]:
        """Layers whose outputs a training starts at mean zero and deviation one, over all atoms.

        In the order in which they are evaluated; none, unless an architecture names some.
        """
        return []

    def tabulated(self, bins: int) -> Representation:
        """The same, with everything that depends on a distance alone read from tables.

        Parameters
        ----------
        bins
            Pieces of each table.

        Raises
        ------
        ModelError
            This architecture has no tables.
        """
        raise ModelError(
            f"{type(self).__name__} cannot be compressed.",
            "`schnet` and `equivariant` can be.",
        )

    def for_training(self) -> Representation:
        """The same for lists of edges in both directions, as fast as it can be trained here.

        Weights are shared, and results agree but for errors that training does not notice.
        """
        return self

    @abstractmethod
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, dim)`` of each atom; see the table in the class docstring."""


def sum_over_neighbors(messages: Tensor, center: Tensor, n_atoms: int) -> Tensor:
    """Sum the messages ``(E, d)`` of each center ``(E,)``: ``(n_atoms, d)``."""
    out = torch.zeros((n_atoms, messages.shape[1]), dtype=messages.dtype, device=messages.device)
    return out.index_add(0, center, messages)
