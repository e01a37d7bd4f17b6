"""SchNet: continuous-filter convolutions (Schütt et al. 2018)."""

from __future__ import annotations

import math

from torch import Tensor, nn

from eippot.config.model import SchNetConfig
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.radial import (
    GaussianBasis,
    PolynomialCutoff,
    ShiftedSoftplus,
    edge_lengths,
)
from eippot.models.exchange import GhostExchange


class SchNet(Representation):
    """SchNet with a smooth cutoff: x ← x + v(x), one interaction after the other.

    Parameters
    ----------
    config
        Hyperparameters.
    n_species
        Number of species S.
    average_neighbors
        Mean number of neighbors in the training set; sums over neighbors are divided by its root,
        so that activations have the same size at any density.
    """

    citation = (
        "K. T. Schütt, H. E. Sauceda, P.-J. Kindermans, A. Tkatchenko, K.-R. Müller, SchNet – A "
        "deep learning architecture for molecules and materials, J. Chem. Phys. 148, 241722 (2018)"
    )

    def __init__(self, config: SchNetConfig, n_species: int, average_neighbors: float) -> None:
        super().__init__(
            cutoff=config.cutoff,
            dim=config.channels,
            n_exchanges=config.interactions - 1,
            interaction_range=config.interactions * config.cutoff,
        )
        self.embedding = nn.Embedding(n_species, config.channels)
        self.basis = GaussianBasis(config.radial_functions, config.cutoff)
        self.envelope = PolynomialCutoff(config.cutoff)
        self.interactions = nn.ModuleList(
            Interaction(config.channels, config.radial_functions, average_neighbors, first=i == 0)
            for i in range(config.interactions)
        )

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors)  # (E,)
        radial = self.basis(distances)  # (E, radial_functions)
        envelope = self.envelope(distances).unsqueeze(1)  # (E, 1)
        x: Tensor = self.embedding(species)  # (n, channels)
        for interaction in self.interactions:
            x = x + interaction(x, edge_index, radial, envelope)
        return x


class Interaction(nn.Module):
    """One interaction block: v_i = MLP(Σ_j W(r_ij) ∘ (A x_j)), W(r) = NN(basis(r))·u(r)."""

    def __init__(
        self, channels: int, radial_functions: int, average_neighbors: float, first: bool
    ) -> None:
        super().__init__()
        self.exchange = nn.Identity() if first else GhostExchange()  # species are known on ghosts
        self.filter = nn.Sequential(
            nn.Linear(radial_functions, channels), ShiftedSoftplus(), nn.Linear(channels, channels)
        )
        self.project = nn.Linear(channels, channels, bias=False)
        self.update = nn.Sequential(
            nn.Linear(channels, channels), ShiftedSoftplus(), nn.Linear(channels, channels)
        )
        self.scale = 1.0 / math.sqrt(max(average_neighbors, 1.0))

    def forward(self, x: Tensor, edge_index: Tensor, radial: Tensor, envelope: Tensor) -> Tensor:
        """Update ``(n, channels)`` of the features ``(n, channels)``."""
        center, neighbor = edge_index[0], edge_index[1]
        projected = self.exchange(self.project(x))  # (n, channels)
        weights = self.filter(radial) * envelope  # (E, channels)
        messages = weights * projected.index_select(0, neighbor)  # (E, channels)
        total = self.scale * sum_over_neighbors(messages, center, x.shape[0])
        update: Tensor = self.update(total)
        return update
