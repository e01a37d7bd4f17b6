"""What is read from the features of atoms: energies, or a class of the whole structure."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eippot.models.blocks.radial import ShiftedSoftplus


class EnergyHeads(nn.Module):
    """One energy per atom and head: an MLP dim → dim → heads.

    Parameters
    ----------
    dim
        Features per atom.
    n_heads
        Number of heads: one per EIP in pretraining, one for DFT.
    """

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.layers = nn.Sequential(nn.Linear(dim, dim), ShiftedSoftplus(), nn.Linear(dim, n_heads))

    def forward(self, features: Tensor) -> Tensor:
        """``(n, dim)`` → ``(n, n_heads)``."""
        energies: Tensor = self.layers(features)
        return energies

    def hidden(self, features: Tensor) -> Tensor:
        """What the energies are linear in: ``(n, dim)`` → ``(n, dim)``."""
        values: Tensor = self.layers[1](self.layers[0](features))
        return values


class ClassHead(nn.Module):
    """Class of a structure: MLP of the mean over its atoms, which no order of atoms changes.

    Parameters
    ----------
    dim
        Features per atom.
    n_classes
        Number of classes.
    """

    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__()
        self.atomwise = nn.Sequential(nn.Linear(dim, dim), ShiftedSoftplus())
        self.layers = nn.Sequential(
            nn.Linear(dim, dim), ShiftedSoftplus(), nn.Linear(dim, n_classes)
        )

    def forward(self, features: Tensor, structure: Tensor, n_structures: int) -> Tensor:
        """Logits ``(n_structures, n_classes)`` from ``(n, dim)`` and each atom's structure."""
        atoms = self.atomwise(features)
        total = torch.zeros((n_structures, atoms.shape[1]), dtype=atoms.dtype, device=atoms.device)
        total = total.index_add(0, structure, atoms)
        count = torch.bincount(structure, minlength=n_structures).clamp(min=1).unsqueeze(1)
        logits: Tensor = self.layers(total / count)
        return logits
