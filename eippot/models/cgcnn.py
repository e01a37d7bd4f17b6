"""CGCNN: gated graph convolutions (Xie, Grossman 2018)."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from eippot.config.model import CGCNNConfig
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.radial import GaussianBasis, PolynomialCutoff, edge_lengths
from eippot.models.blocks.table import RadialTable
from eippot.models.exchange import GhostExchange


class CGCNN(Representation):
    """CGCNN with a smooth cutoff: v ← v + Σ_j (message of j), one convolution after the other.

    There is no batch normalization: it would make the energy of a structure depend on the others
    in its batch.

    Parameters
    ----------
    config
        Hyperparameters.
    n_species
        Number of species S; a species is embedded, where the paper has a table of its properties.
    average_neighbors
        Mean number of neighbors in the training set; sums over neighbors are divided by its root,
        so that activations have the same size at any density.
    """

    citation = (
        "T. Xie, J. C. Grossman, Crystal Graph Convolutional Neural Networks for an Accurate and "
        "Interpretable Prediction of Material Properties, Phys. Rev. Lett. 120, 145301 (2018)"
    )

    def __init__(self, config: CGCNNConfig, n_species: int, average_neighbors: float) -> None:
        super().__init__(
            cutoff=config.cutoff,
            dim=config.channels,
            n_exchanges=config.convolutions - 1,
            interaction_range=config.convolutions * config.cutoff,
        )
        self.embedding = nn.Embedding(n_species, config.channels)
        self.basis: nn.Module = GaussianBasis(config.radial_functions, config.cutoff)
        self.envelope = PolynomialCutoff(config.cutoff)
        self.exchange = GhostExchange()
        self.convolutions = nn.ModuleList(
            Convolution(config.channels, config.radial_functions, average_neighbors)
            for _ in range(config.convolutions)
        )

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors)  # (E,)
        radial = self.basis(distances)  # (E, radial_functions)
        envelope = self.envelope(distances).unsqueeze(1)  # (E, 1)
        v: Tensor = self.embedding(species)  # (n, channels)
        for index, convolution in enumerate(self.convolutions):
            seen = v if index == 0 else self.exchange(v)  # (n, channels)
            v = v + convolution(v, seen, edge_index, radial, envelope)
        return v

    def tabulated(self, bins: int) -> CGCNN:
        """The same, with what messages have from the distance read from tables."""
        other = deepcopy(self)
        other.basis = nn.Identity()
        for convolution in other.convolutions:
            linear = cast(Convolution, convolution).radial
            functions = nn.Sequential(self.basis, linear)
            convolution.radial = RadialTable(functions, self.cutoff, bins)
        scale = self.convolutions[0].scale
        other.neighbor_scale = nn.Buffer(torch.tensor(scale, dtype=torch.float64))  # for engines
        return other


class Convolution(nn.Module):
    """Messages of all neighbors, Σ_j σ(z W_f + b_f) ∘ g(z W_s + b_s), z = v_i ⊕ v_j ⊕ u_ij (eq. 5).

    σ is a sigmoid, g a softplus. W_f and W_s are side by side, and cut into three parts like z:
    what belongs to atoms is computed once per atom, what belongs to the distance stands alone.
    """

    def __init__(self, channels: int, radial_functions: int, average_neighbors: float) -> None:
        super().__init__()
        self.center = nn.Linear(channels, 2 * channels)
        self.neighbor = nn.Linear(channels, 2 * channels, bias=False)
        self.radial: nn.Module = nn.Linear(radial_functions, 2 * channels, bias=False)
        self.scale = 1.0 / math.sqrt(max(average_neighbors, 1.0))

    def forward(
        self, v: Tensor, seen: Tensor, edge_index: Tensor, radial: Tensor, envelope: Tensor
    ) -> Tensor:
        """Update ``(n, channels)`` of v; ``seen`` is v as neighbors are seen."""
        center, neighbor = edge_index[0], edge_index[1]
        z = (
            self.radial(radial)
            + self.center(v).index_select(0, center)
            + self.neighbor(seen).index_select(0, neighbor)
        )  # (E, 2 channels)
        gate, core = z.chunk(2, dim=1)  # (E, channels) each
        messages = torch.sigmoid(gate) * functional.softplus(core) * envelope
        return self.scale * sum_over_neighbors(messages, center, v.shape[0])
