"""NequIP: E(3)-equivariant convolutions (Batzner et al. 2022)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from e3nn.o3 import Irrep
from torch import Tensor, nn

from eippot.config.model import EquivariantConfig
from eippot.kernels.pair_library import available
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.atomwise import Linear, SelfInteraction, gate, one_hot, scaled_silu
from eippot.models.blocks.radial import PolynomialCutoff, SphericalBesselBasis, edge_lengths
from eippot.models.blocks.table import RadialTable
from eippot.models.blocks.tensors import SphericalHarmonics, TensorProduct, spherical_irreps
from eippot.models.exchange import GhostExchange
from eippot.models.splined import SplinedEquivariant


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
        self.interactions, self.weights = nn.ModuleList(), nn.ModuleList()
        for index in range(config.interactions):
            irreps = self.irreps[index : index + 2]
            interaction = Interaction(config, irreps, n_species, average_neighbors, index > 0)
            self.interactions.append(interaction)
            self.weights.append(RadialWeights(config, interaction.product.n_paths))

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors).clamp(min=self.shortest)  # (E,)
        harmonics = self.harmonics(edge_vectors / distances.unsqueeze(1))  # (E, (l_max+1)²)
        radial, envelope = self.radial(distances)
        x: Tensor = self.embedding(species).unsqueeze(1)  # (n, 1, channels)
        kinds = one_hot(species, self.n_species, x)
        for interaction, weights in zip(self.interactions, self.weights):  # noqa: B905 (TorchScript)
            x = interaction(x, kinds, edge_index, harmonics, weights(radial, envelope))
        return x.squeeze(1)

    def radial(self, distances: Tensor) -> tuple[Tensor, Tensor]:
        """Basis ``(E, radial_functions)`` and envelope ``(E, 1)`` at distances ``(E,)`` [Å]."""
        return self.basis(distances).squeeze(1), self.envelope(distances).unsqueeze(1)

    def for_training(self) -> Representation:
        """The same with splines and the compiled kernels, where these are there."""
        return SplinedEquivariant(self) if available(self.embedding.weight.device) else self

    def tabulated(self, bins: int) -> TabulatedEquivariant:
        """The same, with weights of messages from tables."""
        return TabulatedEquivariant(self, bins)


class TabulatedEquivariant(Representation):
    """An equivariant network whose weights w(r) are read from tables, not computed by networks.

    Parameters
    ----------
    original
        Its other weights are shared.
    bins
        Pieces of each table.
    """

    citation = Equivariant.citation

    def __init__(self, original: Equivariant, bins: int) -> None:
        super().__init__(
            original.cutoff, original.dim, original.n_exchanges, original.interaction_range
        )
        self.n_species, self.shortest = original.n_species, original.shortest
        self.embedding = original.embedding
        self.harmonics = original.harmonics
        self.interactions = original.interactions
        self.tables = nn.ModuleList()
        for network in original.weights:

            def values(distances: Tensor, network: nn.Module = network) -> Tensor:
                weights: Tensor = network(*original.radial(distances))
                return weights

            self.tables.append(RadialTable(values, original.cutoff, bins))
        self._add_numbers_for_engines(original)

    def _add_numbers_for_engines(self, original: Equivariant) -> None:
        """What no tensor of the network says: degrees and parities of irreps, and so on."""
        scale = original.interactions[0].scale
        self.neighbor_scale = nn.Buffer(torch.tensor(scale, dtype=torch.float64))
        self.shortest_edge = nn.Buffer(torch.tensor(self.shortest, dtype=torch.float64))
        for index, irreps in enumerate(original.irreps):
            numbers = torch.tensor([[ir.l, ir.p] for ir in irreps])  # (K, 2)
            self.register_buffer(f"irreps_{index}", numbers)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        distances = edge_lengths(edge_vectors).clamp(min=self.shortest)  # (E,)
        harmonics = self.harmonics(edge_vectors / distances.unsqueeze(1))  # (E, (l_max+1)²)
        x: Tensor = self.embedding(species).unsqueeze(1)  # (n, 1, channels)
        kinds = one_hot(species, self.n_species, x)
        for interaction, table in zip(self.interactions, self.tables):  # noqa: B905 (TorchScript)
            x = interaction(x, kinds, edge_index, harmonics, table(distances))
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
        weights: Tensor,
    ) -> Tensor:
        """``(n, D, channels)`` and weights ``(E, paths·channels)`` → ``(n, D', channels)``."""
        n_atoms = x.shape[0]
        center, neighbor = edge_index[0], edge_index[1]
        projected = self.exchange(self.projected(x).flatten(1)).view(x.shape)
        weights = weights.view(-1, self.product.n_paths, x.shape[2])
        messages = self.product(projected.index_select(0, neighbor), harmonics, weights)
        sums: list[Tensor] = []
        for message in messages:  # (E, 2l+1, paths·channels)
            total = sum_over_neighbors(message.flatten(1), center, n_atoms)
            sums.append(total.view(n_atoms, message.shape[1], message.shape[2]))
        return self.updated(x, kinds, sums)

    def projected(self, x: Tensor) -> Tensor:
        """B x ``(n, D, channels)``."""
        return torch.cat(self.project(x.split_with_sizes(self.dims, dim=1)), dim=1)

    def updated(self, x: Tensor, kinds: Tensor, sums: list[Tensor]) -> Tensor:
        """``(n, D', channels)`` from x and the sums of messages ``(n, 2l+1, paths·channels)``."""
        update: list[Tensor] = self.mix([self.scale * total for total in sums])
        parts = x.split_with_sizes(self.dims, dim=1)  # (n, 2l+1, channels) each
        by_species = [(part.unsqueeze(3) * kinds[:, None, None]).flatten(2) for part in parts]
        for index, kept in enumerate(self.skip(by_species)):
            update[index] = update[index] + kept
        return gate(update)


class RadialWeights(nn.Module):
    """Weights of the paths of a tensor product: w(r) = W (u(r) h(B(r))).

    They are functions of the distance alone, for which a compressed export has tables.

    Parameters
    ----------
    config
        Hyperparameters.
    n_paths
        Paths of the tensor product.
    """

    def __init__(self, config: EquivariantConfig, n_paths: int) -> None:
        super().__init__()
        width = config.radial_width
        self.hidden = nn.ModuleList([Linear(config.radial_functions, width), Linear(width, width)])
        self.last = Linear(width, n_paths * config.channels)

    def forward(self, radial: Tensor, envelope: Tensor) -> Tensor:
        """``(E, radial_functions)`` and ``(E, 1)`` → ``(E, n_paths·channels)``."""
        for layer in self.hidden:
            radial = scaled_silu(layer(radial))  # (E, width)
        weights: Tensor = self.last(envelope * radial)
        return weights


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
