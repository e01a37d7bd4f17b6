"""A representation with energy heads (the potential), and with a class head (the classifier)."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn

from eippot.models.base import Representation
from eippot.models.heads import ClassHead, EnergyHeads
from eippot.models.neighborhoods import TrainingNeighborhoods


class Potential(nn.Module):
    """Energies of atoms, relative to isolated atoms of their species.

    e_i = scale · (head(x_i) − head(x_isolated(species_i))) + core_i: an isolated atom has exactly
    zero, so that adding its reference energy gives the right limit of dissociation.

    Parameters
    ----------
    representation
        The architecture.
    n_species
        Number of species S.
    n_heads
        Number of energies per atom.
    scale
        Typical energy of an atom relative to isolated atoms [eV].
    core
        Energies ``(n, 1)`` [eV] that the network adds to, the same for all heads; None for none.

    Attributes
    ----------
    neighborhoods
        What it was trained on, for the extrapolation grade; None until a training has ended.
    """

    def __init__(
        self,
        representation: Representation,
        n_species: int,
        n_heads: int,
        scale: float,
        core: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.representation = representation
        self.heads = EnergyHeads(representation.dim, n_heads)
        self.n_species = n_species
        self.scale = nn.Buffer(torch.tensor(scale))
        self.core = core
        self.neighborhoods: TrainingNeighborhoods | None = None

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Energies ``(n, n_heads)`` [eV] of the atoms; arguments as for Representation."""
        n_atoms = species.shape[0]
        probes = torch.arange(self.n_species, device=species.device)  # atoms without edges
        everyone = torch.cat([species, probes])
        energies = self.heads(self.representation(everyone, edge_index, edge_vectors))
        isolated = energies[n_atoms:].index_select(0, species)  # (n, n_heads)
        relative: Tensor = self.scale * (energies[:n_atoms] - isolated)
        # exactly, though rows of one matrix product are not always rounded alike
        bonded = torch.zeros_like(species, dtype=torch.bool).index_fill(0, edge_index[0], True)
        relative = relative.masked_fill(~bonded.unsqueeze(1), 0.0)
        if self.core is not None:
            relative = relative + self.core(species, edge_index, edge_vectors)
        return relative

    def extrapolation_grade(
        self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
    ) -> Tensor:
        """How unlike those of the training the neighborhood of each atom is ``(n,)``.

        All but one in a thousand of the training are below 1. Arguments are those of
        Representation; infinite where nothing is known of the training.
        """
        if self.neighborhoods is not None:
            features = self.representation(species, edge_index, edge_vectors)
            grade: Tensor = self.neighborhoods(self.heads.hidden(features), species)
            return grade
        return torch.full_like(species, float("inf"), dtype=edge_vectors.dtype)

    def tabulated(self, bins: int) -> Potential:
        """The same with a tabulated representation; see there."""
        other = deepcopy(self)
        other.representation = self.representation.tabulated(bins)
        return other

    def for_training(self) -> Potential:
        """The same weights in a representation for training; see there."""
        return _for_training(self)


class Classifier(nn.Module):
    """Scores of the classes of whole structures.

    Parameters
    ----------
    representation
        The architecture.
    n_classes
        Number of classes: one per EIP, and "none".
    """

    def __init__(self, representation: Representation, n_classes: int) -> None:
        super().__init__()
        self.representation = representation
        self.head = ClassHead(representation.dim, n_classes)

    def forward(
        self,
        species: Tensor,
        edge_index: Tensor,
        edge_vectors: Tensor,
        structure: Tensor,
        n_structures: int,
    ) -> Tensor:
        """Logits ``(n_structures, n_classes)``; ``structure`` is each atom's structure index."""
        features = self.representation(species, edge_index, edge_vectors)
        logits: Tensor = self.head(features, structure, n_structures)
        return logits

    def for_training(self) -> Classifier:
        """The same weights in a representation for training; see there."""
        return _for_training(self)


Model = TypeVar("Model", Potential, Classifier)


def _for_training(model: Model) -> Model:
    """A second model of the same modules, but for the representation."""
    other = copy(model)
    representation = model.representation.for_training()
    other._modules = model._modules | {"representation": representation}
    return other
