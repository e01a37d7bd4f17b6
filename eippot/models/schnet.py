"""SchNet: continuous-filter convolutions (Schütt et al. 2018)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from eippot.config.model import SchNetConfig
from eippot.kernels.pair_library import available
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.radial import (
    GaussianBasis,
    PolynomialCutoff,
    ShiftedSoftplus,
    edge_lengths,
)
from eippot.models.blocks.table import RadialTable
from eippot.models.exchange import GhostExchange
from eippot.models.splined import SplinedSchNet


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
        self.filters, self.interactions = nn.ModuleList(), nn.ModuleList()
        for i in range(config.interactions):
            self.filters.append(Filter(config.channels, config.radial_functions))
            self.interactions.append(Interaction(config.channels, average_neighbors, first=i == 0))
        self.apply(_keep_variance)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors)  # (E,)
        radial = self.basis(distances)  # (E, radial_functions)
        envelope = self.envelope(distances).unsqueeze(1)  # (E, 1)
        x: Tensor = self.embedding(species)  # (n, channels)
        for filter_network, interaction in zip(self.filters, self.interactions):  # noqa: B905 (TorchScript)
            x = x + interaction(x, edge_index, filter_network(radial, envelope))
        return x

    def centered_layers(self) -> list[nn.Linear]:
        """Those of the updates: sums over neighbors differ little from atom to atom."""
        updates = [block.get_submodule("update") for block in self.interactions]
        layers = [layer for update in updates for layer in update.children()]
        return [layer for layer in layers if isinstance(layer, nn.Linear)]

    def tabulated(self, bins: int) -> TabulatedSchNet:
        """The same, with filters from tables."""
        return TabulatedSchNet(self, bins)

    def for_training(self) -> Representation:
        """The same, with filters from splines and the compiled kernels, where these are there."""
        return SplinedSchNet(self) if available(self.embedding.weight.device) else self


class TabulatedSchNet(Representation):
    """A SchNet whose filters W(r) are read from tables, where the network would compute them.

    Parameters
    ----------
    original
        Its weights are shared.
    bins
        Pieces of each table.
    """

    citation = SchNet.citation

    def __init__(self, original: SchNet, bins: int) -> None:
        super().__init__(
            original.cutoff, original.dim, original.n_exchanges, original.interaction_range
        )
        self.embedding = original.embedding
        self.interactions = original.interactions
        scale = original.interactions[0].scale
        self.neighbor_scale = nn.Buffer(torch.tensor(scale, dtype=torch.float64))  # for engines
        self.tables = nn.ModuleList()
        for filter_network in original.filters:

            def values(distances: Tensor, network: nn.Module = filter_network) -> Tensor:
                envelope = original.envelope(distances).unsqueeze(1)
                weights: Tensor = network(original.basis(distances), envelope)
                return weights

            self.tables.append(RadialTable(values, original.cutoff, bins))

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors)  # (E,)
        x: Tensor = self.embedding(species)  # (n, channels)
        for interaction, table in zip(self.interactions, self.tables):  # noqa: B905 (TorchScript)
            x = x + interaction(x, edge_index, table(distances))
        return x


def _keep_variance(module: nn.Module) -> None:
    """Random weights with which a linear layer neither shrinks nor grows what goes through it.

    With torch's own, messages start so small that features hardly depend on the neighbors
    (X. Glorot, Y. Bengio, AISTATS 2010).
    """
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class Filter(nn.Module):
    """The weights of messages, W(r) = NN(basis(r))·u(r)."""

    def __init__(self, channels: int, radial_functions: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(radial_functions, channels), ShiftedSoftplus(), nn.Linear(channels, channels)
        )

    def forward(self, radial: Tensor, envelope: Tensor) -> Tensor:
        """``(E, radial_functions)`` and ``(E, 1)`` → ``(E, channels)``."""
        weights: Tensor = self.layers(radial) * envelope
        return weights


class Interaction(nn.Module):
    """One interaction block: v_i = MLP(Σ_j W(r_ij) ∘ (A x_j))."""

    def __init__(self, channels: int, average_neighbors: float, first: bool) -> None:
        super().__init__()
        self.exchange = nn.Identity() if first else GhostExchange()  # species are known on ghosts
        self.project = nn.Linear(channels, channels, bias=False)
        self.update = nn.Sequential(
            nn.Linear(channels, channels), ShiftedSoftplus(), nn.Linear(channels, channels)
        )
        self.scale = 1.0 / math.sqrt(max(average_neighbors, 1.0))

    def forward(self, x: Tensor, edge_index: Tensor, weights: Tensor) -> Tensor:
        """Update ``(n, channels)`` of the features, with the filter's values ``(E, channels)``."""
        center, neighbor = edge_index[0], edge_index[1]
        projected = self.exchange(self.project(x))  # (n, channels)
        messages = weights * projected.index_select(0, neighbor)  # (E, channels)
        total = self.scale * sum_over_neighbors(messages, center, x.shape[0])
        update: Tensor = self.update(total)
        return update
