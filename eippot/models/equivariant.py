"""NequIP: E(3)-equivariant convolutions (Batzner et al. 2022)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from e3nn.o3 import Irrep
from torch import Tensor, nn
from torch.nn import functional

from eippot.config.model import EquivariantConfig
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.radial import PolynomialCutoff, SphericalBesselBasis, edge_lengths
from eippot.models.blocks.tensors import SphericalHarmonics, TensorProduct, spherical_irreps
from eippot.models.exchange import GhostExchange


class Equivariant(Representation):
    """Convolutions of scalars, vectors and higher tensors, whose last layer gives scalars.

    Features are ``(n, D, channels)``, D components of some irreps of O(3), inversion included:
    the energy is invariant under it, whatever ``parity`` says.

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
        "S. Batzner, A. Musaelian, L. Sun, M. Geiger, J. P. Mailoa, M. Kornbluth, N. Molinari, "
        "T. E. Smidt, B. Kozinsky, E(3)-equivariant graph neural networks for data-efficient and "
        "accurate interatomic potentials, Nature Communications 13, 2453 (2022)"
    )

    def __init__(self, config: EquivariantConfig, n_species: int, average_neighbors: float) -> None:
        super().__init__(
            cutoff=config.cutoff,
            dim=config.channels,
            n_exchanges=config.interactions - 1,
            interaction_range=config.interactions * config.cutoff,
        )
        self.n_species = n_species
        self.shortest = 0.01  # [Å]; the direction of a shorter edge fades, and forces stay finite
        self.irreps = useful_irreps(config.l_max, config.parity, config.interactions)
        self.embedding = nn.Embedding(n_species, config.channels)
        self.basis = SphericalBesselBasis(1, config.radial_functions, config.cutoff)
        self.envelope = PolynomialCutoff(config.cutoff)
        self.harmonics = SphericalHarmonics(config.l_max)
        self.interactions = nn.ModuleList(
            Interaction(
                config, self.irreps[index : index + 2], n_species, average_neighbors, index > 0
            )
            for index in range(config.interactions)
        )

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors).clamp(min=self.shortest)  # (E,)
        harmonics = self.harmonics(edge_vectors / distances.unsqueeze(1))  # (E, (l_max+1)²)
        radial = self.basis(distances).squeeze(1)  # (E, radial_functions)
        envelope = self.envelope(distances).unsqueeze(1)  # (E, 1)
        x: Tensor = self.embedding(species).unsqueeze(1)  # (n, 1, channels)
        one_hot = torch.eye(self.n_species, dtype=x.dtype, device=x.device)
        kinds = one_hot.index_select(0, species)  # (n, S)
        for interaction in self.interactions:
            x = interaction(x, kinds, edge_index, harmonics, radial, envelope)
        return x.squeeze(1)


class Interaction(nn.Module):
    """One block, x_i ← gate(A Σ_j w(r_ij) (B x_j ⊗ Y(r̂_ij)) / √neighbors + S(species_i) x_i).

    Parameters
    ----------
    config
        Hyperparameters.
    irreps
        Those of the features before and after.
    n_species
        Number of species S.
    average_neighbors
        See Equivariant.
    exchanges
        Whether the features of neighbors have to be exchanged.
    """

    def __init__(
        self,
        config: EquivariantConfig,
        irreps: Sequence[Sequence[Irrep]],
        n_species: int,
        average_neighbors: float,
        exchanges: bool,
    ) -> None:
        super().__init__()
        channels = config.channels
        before, after = irreps
        self.dims = [ir.dim for ir in before]
        unchanged = [channels] * len(before)
        widths = [channels * len(after)] + [channels] * (len(after) - 1)  # first: scalars and gates
        self.project = SelfInteraction(unchanged, unchanged)
        self.exchange = GhostExchange() if exchanges else nn.Identity()
        self.product = TensorProduct(before, config.l_max, after)
        self.weights = RadialWeights(config, self.product.n_paths)
        self.mix = SelfInteraction([channels * paths for paths in self.product.counts], widths, 0.5)
        kept = min(len(before), len(after))  # the first ones of both, see useful_irreps
        self.skip = SelfInteraction(
            [channels * n_species] * kept,
            widths[:kept],
            0.5 * n_species,  # one species is not zero
        )
        self.scale = 1.0 / math.sqrt(max(average_neighbors, 1.0))

    def forward(
        self,
        x: Tensor,
        kinds: Tensor,
        edge_index: Tensor,
        harmonics: Tensor,
        radial: Tensor,
        envelope: Tensor,
    ) -> Tensor:
        """Features ``(n, D', channels)`` from ``(n, D, channels)``."""
        n_atoms = x.shape[0]
        center, neighbor = edge_index[0], edge_index[1]
        parts = x.split_with_sizes(self.dims, dim=1)  # (n, 2l+1, channels) each
        projected = torch.cat(self.project(parts), dim=1)
        projected = self.exchange(projected.flatten(1)).view(x.shape)
        weights = self.weights(radial, envelope)  # (E, paths, channels)
        messages = self.product(projected.index_select(0, neighbor), harmonics, weights)
        sums: list[Tensor] = []
        for message in messages:  # (E, 2l+1, paths·channels)
            total = self.scale * sum_over_neighbors(message.flatten(1), center, n_atoms)
            sums.append(total.view(n_atoms, message.shape[1], message.shape[2]))
        update: list[Tensor] = self.mix(sums)
        by_species = [(part.unsqueeze(3) * kinds[:, None, None]).flatten(2) for part in parts]
        for index, kept in enumerate(self.skip(by_species)):
            update[index] = update[index] + kept
        return gate(update)


class SelfInteraction(nn.Module):
    """A linear map of the channels of each irrep, the same for all its components.

    Parameters
    ----------
    widths_in, widths_out
        Channels of each irrep.
    variance
        See Linear.
    """

    def __init__(
        self, widths_in: Sequence[int], widths_out: Sequence[int], variance: float = 1.0
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            Linear(before, after, variance)
            for before, after in zip(widths_in, widths_out, strict=True)
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """``(n, 2l+1, width)`` for each irrep, to the same with other widths."""
        out: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            out.append(layer(features[index]))
        return out


class Linear(nn.Linear):
    """W x without bias, W ~ N(0, variance/n) for n inputs.

    Parameters
    ----------
    inputs, outputs
        Widths.
    variance
        Of the outputs, where the inputs have unit variance.
    """

    def __init__(self, inputs: int, outputs: int, variance: float = 1.0) -> None:
        super().__init__(inputs, outputs, bias=False)
        nn.init.normal_(self.weight, std=math.sqrt(variance / inputs))


class RadialWeights(nn.Module):
    """Weights of the paths of a tensor product: w(r) = W (u(r) h(B(r))).

    They are functions of the distance alone. This is the seam at which an export may put a table
    in place of the network.

    Parameters
    ----------
    config
        Hyperparameters.
    n_paths
        Paths of the tensor product.
    """

    def __init__(self, config: EquivariantConfig, n_paths: int) -> None:
        super().__init__()
        self.n_paths, self.channels = n_paths, config.channels
        width = config.radial_width
        self.hidden = nn.ModuleList([Linear(config.radial_functions, width), Linear(width, width)])
        self.last = Linear(width, n_paths * config.channels)

    def forward(self, radial: Tensor, envelope: Tensor) -> Tensor:
        """``(E, radial_functions)`` and ``(E, 1)`` → ``(E, n_paths, channels)``."""
        for layer in self.hidden:
            radial = scaled_silu(layer(radial))  # (E, width)
        weights: Tensor = self.last(envelope * radial)
        return weights.view(-1, self.n_paths, self.channels)


def gate(features: list[Tensor]) -> Tensor:
    """Gated nonlinearity: SiLU of scalars; other irreps are multiplied by sigmoids of scalars.

    Sigmoids and not SiLU as in the paper: products of two unbounded features grow too fast from
    layer to layer where atoms are near.

    Parameters
    ----------
    features
        For each of K irreps, the first of which is 0e: ``(n, 1, K·C)``, then ``(n, 2l+1, C)``.

    Returns
    -------
    Tensor
        ``(n, D, C)``.
    """
    scalars = features[0].chunk(len(features), dim=2)  # (n, 1, C) each
    gated = [scaled_silu(scalars[0])]
    for index in range(1, len(features)):
        gated.append(features[index] * scaled_sigmoid(scalars[index]))
    return torch.cat(gated, dim=1)


def scaled_silu(x: Tensor) -> Tensor:
    """SiLU, scaled such that normal numbers give a mean square of one."""
    return 1.6765325 * functional.silu(x)


def scaled_sigmoid(x: Tensor) -> Tensor:
    """Sigmoid, scaled such that normal numbers give a mean square of one."""
    return 1.8462285 * torch.sigmoid(x)


def useful_irreps(l_max: int, parity: bool, interactions: int) -> list[list[Irrep]]:
    """Irreps of the features before the first interaction, after it, … and after the last.

    Those that scalars lead to and that lead to scalars again: after k of n interactions,
    min(k, n − k) products with harmonics. Of two neighbors in the list, one starts the other.

    Parameters
    ----------
    l_max
        Highest degree.
    parity
        Whether to take irreps of the parity −(−1)ˡ too, which spherical harmonics do not have.
    interactions
        n.
    """
    harmonics = spherical_irreps(l_max)
    allowed = harmonics + [Irrep(ir.l, -ir.p) for ir in harmonics if parity]
    reached = [[Irrep("0e")]]
    for _ in range(interactions // 2):
        last = reached[-1]
        products = {ir for a in last for b in harmonics for ir in a * b}
        reached.append(last + [ir for ir in allowed if ir in products and ir not in last])
    return [reached[min(k, interactions - k)] for k in range(interactions + 1)]
