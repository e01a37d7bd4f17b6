"""GemNet: messages between edges along triplets and quadruplets (Gasteiger et al. 2021).

The names of the atoms are the paper's: the edge (a, c), with center a and neighbor c, carries the
message m_ca from c to a.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from eippot.config.model import GemNetConfig
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.dense import Residual, dense, linear
from eippot.models.blocks.neighborhoods import select
from eippot.models.blocks.paths import Paths, Quadruplets, Triplets
from eippot.models.blocks.radial import SmoothBesselBasis


class GemNet(Representation):
    """GemNet-T, or GemNet-Q with quadruplets; energies only, forces are their derivative.

    The paper has 128 channels, 4 blocks, 6 radial functions for each of 7 degrees, 64 channels
    for triplets and 32 for quadruplets, and projects basis functions to 16 and 32 channels.

    What differs from the paper:

    - Edges take part in triplets, and in quadruplets, up to a distance of their own. At constant
      density the number of triplets grows with its sixth power, that of quadruplets with its
      ninth.
    - The paper fits a factor to the activations of each layer. Here basis functions have unit
      mean square, and random weights and activations keep it. A sum over neighbors, whose
      messages resemble one another, is divided by their mean number; a sum over paths, with
      angular functions of either sign, by the root of their number at the mean density.
    - Of a dihedral only cosines enter, times powers of a sine (DihedralBasis): energies do not
      change under a mirror, and are smooth where atoms are in line.
    - Few radial functions are not projected to still fewer channels before each use.

    Parameters
    ----------
    config
        Hyperparameters.
    n_species
        Number of species S.
    average_neighbors
        Mean number of neighbors within the cutoff in the training set.
    """

    citation = (
        "J. Gasteiger, F. Becker, S. Günnemann, GemNet: Universal Directional Graph Neural "
        "Networks for Molecules, NeurIPS 2021, arXiv:2106.08903"
    )

    def __init__(self, config: GemNetConfig, n_species: int, average_neighbors: float) -> None:
        reach = max(config.cutoff, 2.0 * config.triplet_cutoff)  # of an edge, a path and an edge
        if config.quadruplets:
            reach = max(reach, 3.0 * config.quadruplet_cutoff)
        super().__init__(
            cutoff=config.cutoff,
            dim=config.channels,
            n_exchanges=0,  # messages live on edges
            interaction_range=config.cutoff + config.blocks * reach,
        )
        self.embedding = nn.Embedding(n_species, config.channels)
        self.basis = SmoothBesselBasis(1, config.radial_functions, config.cutoff)
        self.triplets = Triplets(
            config.triplet_cutoff, config.radial_functions, config.degrees, config.basis_channels
        )
        self.quadruplets: Quadruplets | None = None
        if config.quadruplets:
            self.quadruplets = Quadruplets(
                config.quadruplet_cutoff,
                config.radial_functions,
                config.quadruplet_degrees,
                config.basis_channels,
            )
        self.message = EdgeEmbedding(config.channels, config.radial_functions)
        self.output = AtomUpdate(config, average_neighbors)
        self.blocks = nn.ModuleList(Block(config, average_neighbors) for _ in range(config.blocks))

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        n_atoms = species.shape[0]
        # never zero, so that lengths and directions have finite derivatives everywhere
        distances = (edge_vectors.square().sum(dim=1) + 1e-12).sqrt()  # (E,)
        paths = [self.triplets(edge_index, edge_vectors, distances, n_atoms)]
        if self.quadruplets is not None:
            paths.append(self.quadruplets(edge_index, edge_vectors, distances, n_atoms))
        radial = self.basis(distances)[:, 0]  # (E, N)
        h: Tensor = self.embedding(species)  # (n, channels)
        m: Tensor = self.message(h, radial, edge_index)  # (E, channels)
        features: Tensor = self.output(m, radial, edge_index, n_atoms)
        for block in self.blocks:
            h, m, output = block(h, m, radial, edge_index, paths)
            features = features + output
        return features / math.sqrt(len(self.blocks) + 1)


class Block(nn.Module):
    """One interaction block: messages tell one another, then the atoms, then learn from these.

    Parameters
    ----------
    config, average_neighbors
        As for GemNet.
    """

    def __init__(self, config: GemNetConfig, average_neighbors: float) -> None:
        super().__init__()
        channels = config.channels
        self.skip = dense(channels, channels)
        density = average_neighbors / config.cutoff**3
        terms = density * config.triplet_cutoff**3
        self.interactions = nn.ModuleList([Interaction(config, config.triplet_channels, terms)])
        if config.quadruplets:
            terms = (density * config.quadruplet_cutoff**3) ** 2
            self.interactions.append(Interaction(config, config.quadruplet_channels, terms, True))
        self.before_skip = Residual(channels)
        self.after_skip = Residual(channels)
        self.update = AtomUpdate(config, average_neighbors)
        self.concatenate = EdgeEmbedding(channels, channels)
        self.after_concatenation = Residual(channels)
        self.output = AtomUpdate(config, average_neighbors)

    def forward(
        self, h: Tensor, m: Tensor, radial: Tensor, edge_index: Tensor, paths: list[Paths]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """New ``h (n, channels)``, new ``m (E, channels)``, and output ``(n, channels)``."""
        x = self.skip(m)
        for i, interaction in enumerate(self.interactions):
            x = x + interaction(m, paths[i])
        x = self.before_skip(x / math.sqrt(1 + len(paths)))
        m = self.after_skip((m + x) / math.sqrt(2.0))
        h = (h + self.update(m, radial, edge_index, h.shape[0])) / math.sqrt(2.0)
        x = self.after_concatenation(self.concatenate(h, m, edge_index))
        m = (m + x) / math.sqrt(2.0)
        return h, m, self.output(m, radial, edge_index, h.shape[0])


class Interaction(nn.Module):
    """Messages along triplets or quadruplets to each short edge (the paper's Q-MP and T-MP).

    Both directions of an edge learn of all paths to either, since the geometry is the same:
    symmetric message passing.

    Parameters
    ----------
    config
        Hyperparameters.
    channels
        Of a message while it is on its way.
    terms
        Number of paths to an edge, on average.
    quadruplets
        Whether paths have a middle edge.
    """

    def __init__(
        self, config: GemNetConfig, channels: int, terms: float, quadruplets: bool = False
    ) -> None:
        super().__init__()
        self.message = dense(config.channels, config.channels)
        self.radial = linear(config.radial_functions, config.channels)
        self.down = dense(config.channels, channels)
        self.inner = linear(config.basis_channels, channels) if quadruplets else None
        self.sum = EfficientBilinear(config.basis_channels, channels, terms)
        self.up = dense(channels, config.channels)
        self.up_reverse = dense(channels, config.channels)

    def forward(self, m: Tensor, paths: Paths) -> Tensor:
        """Update ``(E, channels)`` of the messages ``(E, channels)``, zero for long edges."""
        x = self.message(m.index_select(0, paths.edge)) * self.radial(paths.radial)
        x = select(self.down(x), paths.start)  # (n, J, d)
        if self.inner is not None:
            x = x * self.inner(paths.inner)
        x = self.sum(x, paths.angular, paths.outer, paths.place)  # (S, d)
        x = (self.up(x) + select(self.up_reverse(x), paths.reverse)) / math.sqrt(2.0)
        return torch.zeros_like(m).index_copy(0, paths.edge, x)


class EfficientBilinear(nn.Module):
    """The paper's efficient bilinear layer: a sum over paths, bilinear in basis and message.

    A path's basis function is a product of a radial function of the edge that receives and an
    angular function. Messages are summed with the latter alone; the radial function, and the
    bilinear weights, are applied to the sums.

    Parameters
    ----------
    basis_channels
        I.
    channels
        d.
    terms
        Number of terms of a sum, on average.
    """

    def __init__(self, basis_channels: int, channels: int, terms: float) -> None:
        super().__init__()
        self.weight = linear(basis_channels * channels, channels)
        self.scale = 1.0 / math.sqrt(max(terms, 1.0))

    def forward(self, x: Tensor, angular: Tensor, outer: Tensor, place: Tensor) -> Tensor:
        """Sums ``(S, d)`` of the messages ``x (n, J, d)``; other arguments as in Paths."""
        sums = self.scale * torch.bmm(angular, x)  # (n, K·M, d)
        sums = sums.view(-1, outer.shape[2], x.shape[2])
        sums = torch.bmm(outer, sums.index_select(0, place))  # (S, I, d)
        mixed: Tensor = self.weight(sums.flatten(1))
        return mixed


class AtomUpdate(nn.Module):
    """What an atom learns from its messages: MLP(Σ_c m_ca ∘ W e(r_ca)).

    Parameters
    ----------
    config, average_neighbors
        As for GemNet.
    """

    def __init__(self, config: GemNetConfig, average_neighbors: float) -> None:
        super().__init__()
        self.radial = linear(config.radial_functions, config.channels)
        self.layers = nn.Sequential(
            dense(config.channels, config.channels), Residual(config.channels)
        )
        self.scale = 1.0 / max(average_neighbors, 1.0)

    def forward(self, m: Tensor, radial: Tensor, edge_index: Tensor, n_atoms: int) -> Tensor:
        """``(n, channels)`` from ``m (E, channels)`` and ``radial (E, N)``."""
        total = sum_over_neighbors(m * self.radial(radial), edge_index[0], n_atoms)
        update: Tensor = self.layers(self.scale * total)
        return update


class EdgeEmbedding(nn.Module):
    """A message from what an edge and its two atoms are: dense(h_a, h_c, edge).

    Parameters
    ----------
    channels
        Of the atoms, and of the message.
    edge_channels
        Of the edge.
    """

    def __init__(self, channels: int, edge_channels: int) -> None:
        super().__init__()
        self.layer = dense(2 * channels + edge_channels, channels)

    def forward(self, h: Tensor, edge: Tensor, edge_index: Tensor) -> Tensor:
        """``(E, channels)`` from ``h (n, channels)`` and ``edge (E, edge_channels)``."""
        center, neighbor = h.index_select(0, edge_index[0]), h.index_select(0, edge_index[1])
        message: Tensor = self.layer(torch.cat([center, neighbor, edge], dim=1))
        return message
