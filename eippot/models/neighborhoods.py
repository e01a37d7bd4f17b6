"""How unlike the neighborhoods of the training an atom's neighborhood is."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TrainingNeighborhoods(nn.Module):
    """Where the atoms of the training lie in the hidden layer of the energy heads.

    Energies are linear in that layer, so that training says nothing about directions in which its
    atoms did not differ. The grade of an atom is its distance from their mean, of its own element,
    in units of how far they spread in that direction (P. C. Mahalanobis, 1936; for networks: K. Lee
    et al., NeurIPS 2018; F. Bigi et al., Mach. Learn.: Sci. Technol. 5, 045018, 2024).

    Parameters
    ----------
    n_species
        Number of species S.
    dim
        Width of the hidden layer.

    Attributes
    ----------
    counts
        ``(S,)`` atoms of each species in the training, int64.
    mean
        ``(S, dim)`` of these atoms.
    metric
        ``(dim, dim)``: a deviation from the mean times this has the grade as its length.
    """

    def __init__(self, n_species: int, dim: int) -> None:
        super().__init__()
        self.counts: Tensor = nn.Buffer(torch.zeros(n_species, dtype=torch.int64))
        self.mean: Tensor = nn.Buffer(torch.zeros(n_species, dim))
        self.metric: Tensor = nn.Buffer(torch.zeros(dim, dim))

    def forward(self, hidden: Tensor, species: Tensor) -> Tensor:
        """Grade ``(n,)`` of atoms with the hidden layer ``(n, dim)``; infinite for new elements."""
        deviations = hidden - self.mean.index_select(0, species)
        grade = torch.matmul(deviations, self.metric).square().sum(dim=1).sqrt()
        unknown = self.counts.index_select(0, species) == 0
        return grade.masked_fill(unknown, float("inf"))
