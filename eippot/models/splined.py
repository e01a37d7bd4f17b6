"""Architectures as they are trained: networks of the distance at knots, fused sums over pairs.

Gradients flow to the networks through splines over the knots. Each pair of atoms is taken once: the
list of edges has to hold both directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from eippot.kernels.pair_library import Pairs, half_pairs
from eippot.kernels.pairs import Coupling, couple_over_pairs, sum_over_pairs
from eippot.models.base import Representation
from eippot.models.blocks.atomwise import one_hot
from eippot.models.blocks.radial import edge_lengths
from eippot.models.blocks.spline import RadialSpline
from eippot.models.blocks.tensors import TensorProduct

if TYPE_CHECKING:
    from eippot.models import equivariant, schnet

#: bins of splines: so many that forces are exact to about a millionth.
FEWEST_BINS: Final = 192
BINS_PER_GAUSSIAN: Final = 6
BINS_PER_BESSEL_FUNCTION: Final = 32


class SplinedSchNet(Representation):
    """A SchNet whose filter networks are evaluated at knots.

    Parameters
    ----------
    original
        Its weights are shared.
    """

    def __init__(self, original: schnet.SchNet) -> None:
        super().__init__(
            original.cutoff, original.dim, original.n_exchanges, original.interaction_range
        )
        self.embedding = original.embedding
        self.filters = original.filters
        self.interactions = cast("list[schnet.Interaction]", original.interactions)
        bins = max(BINS_PER_GAUSSIAN * len(original.basis.centers), FEWEST_BINS)
        self.spline = RadialSpline(original.cutoff, bins)
        knots = self.spline.distances
        self.radial = nn.Buffer(original.basis(knots), persistent=False)
        self.envelope = nn.Buffer(original.envelope(knots).unsqueeze(1), persistent=False)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        pairs, _ = _find_pairs(edge_index, edge_vectors, species.shape[0], self.spline)
        x: Tensor = self.embedding(species)  # (n, channels)
        for index, interaction in enumerate(self.interactions):
            values = _in_float64(self.filters[index], self.radial, self.envelope)
            filters = self.spline(values).to(x.dtype)
            if index == 0:  # as many different atoms as species
                projected = interaction.project(self.embedding.weight).index_select(0, species)
            else:
                projected = interaction.project(x)  # (n, channels)
            x = x + interaction.update(
                interaction.scale * sum_over_pairs(filters, pairs, projected)
            )
        return x


class SplinedEquivariant(Representation):
    """An equivariant network whose networks of the distance are evaluated at knots.

    Parameters
    ----------
    original
        Its weights are shared.
    """

    def __init__(self, original: equivariant.Equivariant) -> None:
        super().__init__(
            original.cutoff, original.dim, original.n_exchanges, original.interaction_range
        )
        self.n_species, self.shortest = original.n_species, original.shortest
        self.embedding = original.embedding
        self.harmonics = original.harmonics
        self.interactions = cast("list[equivariant.Interaction]", original.interactions)
        self.weights = original.weights
        self.couplings = [coupling_of(each.product) for each in self.interactions]
        bins = max(BINS_PER_BESSEL_FUNCTION * original.basis.count, FEWEST_BINS)
        self.spline = RadialSpline(original.cutoff, bins)
        radial, envelope = original.radial(self.spline.distances)
        self.radial = nn.Buffer(radial, persistent=False)
        self.envelope = nn.Buffer(envelope, persistent=False)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        pairs, directions = _find_pairs(
            edge_index, edge_vectors, species.shape[0], self.spline, self.shortest
        )
        harmonics = self.harmonics(directions)  # (P, (l_max+1)²)
        x: Tensor = self.embedding(species).unsqueeze(1)  # (n, 1, channels)
        kinds = one_hot(species, self.n_species, x)
        for index, interaction in enumerate(self.interactions):
            values = _in_float64(self.weights[index], self.radial, self.envelope)
            filters = self.spline(values).to(x.dtype)
            projected = interaction.projected(x)  # (n, D, channels)
            sums = couple_over_pairs(filters, pairs, harmonics, projected, self.couplings[index])
            x = interaction.updated(x, kinds, _by_irrep(sums, interaction.product))
        return x.squeeze(1)


def coupling_of(product: TensorProduct) -> Coupling:
    """The terms of a tensor product; rows of its result are those of its own results."""
    coefficients = product.couplings.exact().view(-1, sum(product.sizes), product.width)
    harmonic, row, feature = torch.nonzero(coefficients, as_tuple=True)
    paths, first = [], 0
    for dim, count in zip(product.dims, product.counts, strict=True):
        paths.append((first + torch.arange(count)).repeat(dim))
        first += count
    terms = torch.stack([torch.cat(paths)[row], row, feature, harmonic], dim=1)
    order = torch.argsort(terms[:, 0], stable=True)
    return Coupling(
        terms[order].to(torch.int32).contiguous(),
        coefficients[harmonic, row, feature][order].contiguous(),
        product.n_paths,
        sum(product.sizes),
        product.width,
        len(coefficients),
    )


def _in_float64(network: nn.Module, *inputs: Tensor) -> Tensor:
    """What a network says of inputs in float64, with its weights in that format."""
    weights = {name: weight.double() for name, weight in network.named_parameters()}
    values: Tensor = functional_call(network, weights, inputs)
    return values


def _by_irrep(sums: Tensor, product: TensorProduct) -> list[Tensor]:
    """Rows of products ``(n, Σ sizes, C)`` as ``(n, 2l+1, paths·C)`` for each irrep."""
    return [
        rows.reshape(len(rows), dim, -1)
        for rows, dim in zip(torch.split(sums, product.sizes, dim=1), product.dims, strict=True)
    ]


def _find_pairs(
    edge_index: Tensor,
    edge_vectors: Tensor,
    n_atoms: int,
    spline: RadialSpline,
    shortest: float = 0.0,
) -> tuple[Pairs, Tensor]:
    """Pairs of atoms and vectors ``(P, 3)`` divided by their length, or by the shortest."""
    edges = half_pairs(edge_index, edge_vectors, n_atoms, spline.cutoff, spline.bins)
    vectors = edge_vectors.index_select(0, edges)
    distances = edge_lengths(vectors).clamp(min=shortest)  # (P,)
    first, second = edge_index.index_select(1, edges).to(torch.int32)
    pairs = Pairs(first, second, spline.positions(distances))
    return pairs, vectors / distances.unsqueeze(1)
