"""A committee: several potentials that answer side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from eippot.models.potential import Potential


class Committee(nn.Module):
    """Potentials as one, whose heads are all of theirs; it has their forward contract.

    What the members agree on is better than what each of them says, and how far they disagree
    tells where not to trust them (Krogh & Vedelsby, NeurIPS 1994).

    Parameters
    ----------
    potentials
        With the same species; their architectures may differ.
    """

    def __init__(self, potentials: Sequence[Potential]) -> None:
        super().__init__()
        self.potentials = nn.ModuleList(potentials)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Energies ``(n, members)`` [eV] of the atoms; arguments as for Representation."""
        energies = []
        for potential in self.potentials:
            energies.append(potential(species, edge_index, edge_vectors))
        return torch.cat(energies, dim=1)

    def extrapolation_grade(
        self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
    ) -> Tensor:
        """Mean ``(n,)`` of the members' grades; see Potential."""
        grades = []
        for potential in self.potentials:
            grades.append(
                potential.extrapolation_grade(species, edge_index, edge_vectors)  # type: ignore[operator]
            )
        return torch.stack(grades).mean(dim=0)

    def tabulated(self, bins: int) -> Committee:
        """The same with tabulated representations; see Representation."""
        return Committee([cast(Potential, member).tabulated(bins) for member in self.potentials])
