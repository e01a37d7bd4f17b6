"""SchNets that are each wrong in one way, to show that the checks notice."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from eippot.config.model import SchNetConfig
from eippot.models.base import sum_over_neighbors
from eippot.models.blocks.radial import PolynomialCutoff, edge_lengths
from eippot.models.exchange import GhostExchange
from eippot.models.schnet import Interaction, SchNet
from eippot.testing.structures import CUTOFF


class BrokenConfig(SchNetConfig):
    architecture: str  # type: ignore[assignment]
    cutoff: float = CUTOFF
    channels: int = 8
    interactions: int = 2
    radial_functions: int = 8


class Broken(SchNet):
    """Nothing is wrong yet."""

    Config = BrokenConfig

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.spoil()

    def spoil(self) -> None:
        """Change a part of the network."""

    def sum(self, edge_index: Tensor, edge_vectors: Tensor, values: Tensor, n: int) -> Tensor:
        """Sum values (E, d) over neighbors, smoothly."""
        envelope: Tensor = self.envelope(edge_lengths(edge_vectors)).unsqueeze(1)
        return sum_over_neighbors(envelope * values, edge_index[0], n)


class SeesDirections(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x + 0.1 * self.sum(edge_index, edge_vectors, edge_vectors[:, :1], len(x))


class IsChiral(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        r = edge_lengths(edge_vectors).unsqueeze(1)
        a, b, c = (
            self.sum(edge_index, edge_vectors, edge_vectors * r**power, len(x))
            for power in (0, 1, 2)
        )
        volume: Tensor = (torch.linalg.cross(a, b) * c).sum(1, keepdim=True)
        return x + volume


class CountsInOrder(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x + 0.1 * torch.arange(len(x)).unsqueeze(1)


class SkipsEdges(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return super().forward(species, edge_index[:, ::2], edge_vectors[::2])


class CountsAtoms(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return super().forward(species, edge_index, edge_vectors) / len(species)


class SubtractsTheMean(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x - x.mean(dim=0)


class IgnoresSpecies(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return super().forward(torch.zeros_like(species), edge_index, edge_vectors)


class IgnoresSpeciesOfNeighbors(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(torch.zeros_like(species), edge_index, edge_vectors)
        own: Tensor = self.embedding(species)
        return x * own


class IgnoresDistances(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        own: Tensor = self.embedding(species)
        return own


class _NoCutoff(PolynomialCutoff):
    def forward(self, distances: Tensor) -> Tensor:
        return torch.ones_like(distances)


class EndsSuddenly(Broken):
    def spoil(self) -> None:
        self.envelope = _NoCutoff(self.cutoff)


class _CosineCutoff(PolynomialCutoff):
    """Its second derivative jumps at the cutoff."""

    def forward(self, distances: Tensor) -> Tensor:
        return 0.5 + 0.5 * torch.cos(torch.pi * (distances / self.cutoff).clamp(max=1.0))


class EndsWithAKink(Broken):
    def spoil(self) -> None:
        self.envelope = _CosineCutoff(self.cutoff)


class HasAnInnerKink(Broken):
    """A term that ends at 2.6 Å, with a force that is continuous."""

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        inner = torch.relu(2.6 - edge_lengths(edge_vectors)).square().unsqueeze(1)
        return x + 0.1 * self.sum(edge_index, edge_vectors, inner, len(x))


class CountsNeighbors(Broken):
    """Energies jump, forces do not."""

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x + 1e-3 * torch.bincount(edge_index[0], minlength=len(x)).unsqueeze(1)


class DividesByDistance(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        directions = edge_vectors / edge_lengths(edge_vectors).unsqueeze(1)
        total = self.sum(edge_index, edge_vectors, directions, len(x))
        return x + total.square().sum(dim=1, keepdim=True)


class DetachesEdges(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        constant = edge_vectors.detach()
        return x + 0.1 * self.sum(edge_index, constant, edge_lengths(constant)[:, None], len(x))


class _Once(torch.autograd.Function):
    """x², of which only the first derivative is right."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        x: Tensor = ctx.saved_tensors[0]
        return 2.0 * x.detach() * gradient


class IsDifferentiableOnce(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x: Tensor = _Once.apply(  # type: ignore[no-untyped-call]
            super().forward(species, edge_index, edge_vectors)
        )
        return x


class DetachesWeights(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x * self.embedding.weight.detach()[0]


class UnderstatesItsRange(Broken):
    def spoil(self) -> None:
        self.interaction_range = self.cutoff


class OverstatesItsRange(Broken):
    def spoil(self) -> None:
        self.interaction_range = 3 * self.cutoff


class ExchangesNothing(Broken):
    """Claims an exchange, and reads features of neighbors directly."""

    def spoil(self) -> None:
        for interaction in self.interactions:
            interaction.exchange = nn.Identity()


class _IgnoresGhosts(nn.Module):
    """Exchanges features, and goes on with those from before."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = GhostExchange()

    def forward(self, features: Tensor) -> Tensor:
        self.exchange(features)
        return features


class ExchangesInVain(Broken):
    def spoil(self) -> None:
        for interaction in self.interactions:
            assert isinstance(interaction, Interaction)
            interaction.exchange = _IgnoresGhosts()  # type: ignore[assignment]


class NeedsEdges(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x if edge_vectors.max() < 1e6 else 2 * x


class IsNoisy(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        x = super().forward(species, edge_index, edge_vectors)
        return x * (1 + 1e-3 * torch.rand_like(x))


class Remembers(Broken):
    calls = 0

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(species, edge_index, edge_vectors) / self.calls


class IgnoresTheSeed(Broken):
    def spoil(self) -> None:
        with torch.no_grad():
            self.embedding.weight[0, 0] = np.random.default_rng().standard_normal()


class HasOneSetOfWeights(Broken):
    def spoil(self) -> None:
        for weight in self.parameters():
            nn.init.constant_(weight, 0.3)


class ForgetsWeights(Broken):
    """One of its tensors is neither a parameter nor a buffer."""

    def spoil(self) -> None:
        self.hidden = torch.rand(1).item()

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return self.hidden * super().forward(species, edge_index, edge_vectors)


class IsSingleInside(Broken):
    """Rounds to float32, whatever the number format."""

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return super().forward(species, edge_index, edge_vectors.float().to(edge_vectors.dtype))


class _ScriptedOtherwise(PolynomialCutoff):
    def forward(self, distances: Tensor) -> Tensor:
        x = (distances / self.cutoff).clamp(max=1.0)
        power: float = 3.0 if torch.jit.is_scripting() else 4.0  # type: ignore[attr-defined]
        return (1 - x).pow(power)


class IsScriptedOtherwise(Broken):
    def spoil(self) -> None:
        self.envelope = _ScriptedOtherwise(self.cutoff)


class CannotBeScripted(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return {"features": super().forward}["features"](species, edge_index, edge_vectors)


class PromisesMoreFeatures(Broken):
    def spoil(self) -> None:
        self.dim = 16


class GivesDoubles(Broken):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return super().forward(species, edge_index, edge_vectors).double()


class HasItsOwnCutoff(Broken):
    def spoil(self) -> None:
        self.cutoff = 3.0
