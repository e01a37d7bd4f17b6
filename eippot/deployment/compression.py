"""Compressed models read from tables what depends on a distance alone."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from eippot.deployment.exported import Evaluation, evaluate
from eippot.deployment.self_test import inputs_of, self_test_structure
from eippot.errors import ModelError
from eippot.models.committee import Committee
from eippot.models.potential import Potential

#: pieces of a table, as few as are accurate enough.
BINS: Final = (512, 1024, 2048, 4096)
LARGEST_ENERGY_ERROR: Final = 1e-6  # eV/atom
LARGEST_FORCE_ERROR: Final = 1e-5  # eV/Å
#: the structures that errors are measured on are that of the self-test, so many times as wide.
WIDTHS: Final = (0.8, 0.9, 1.0, 1.15, 1.3)


@dataclass(frozen=True)
class Compression:
    """How a model was compressed, and what that cost.

    Attributes
    ----------
    bins
        Pieces of each table.
    energy_error, force_error
        Largest deviations from the original [eV/atom], [eV/Å], on structures from dense to wide,
        in float64.
    """

    bins: int
    energy_error: float
    force_error: float

    @property
    def accurate(self) -> bool:
        """Whether nobody will notice."""
        return self.energy_error < LARGEST_ENERGY_ERROR and self.force_error < LARGEST_FORCE_ERROR


def compress(
    model: Potential | Committee, species: Sequence[str], cutoff: float
) -> tuple[Potential | Committee, Compression]:
    """The model with tables, as small as is accurate enough, and what they cost.

    Parameters
    ----------
    model
        A trained potential, or a committee; it is not changed. The result is in float64.
    species
        Chemical symbols, in the order of species indices.
    cutoff
        Length of the longest edge [Å].

    Raises
    ------
    ModelError
        The architecture has no tables, or even the largest ones are not accurate enough.
    """
    original = deepcopy(model).to(torch.float64)
    inputs = _inputs(species, cutoff)
    expected = [evaluate(_Mean(original), *each) for each in inputs]
    for bins in BINS:
        tabulated = original.tabulated(bins)
        results = [evaluate(_Mean(tabulated), *each) for each in inputs]
        errors = [_errors(*pair) for pair in zip(results, expected, strict=True)]
        found = Compression(bins, *(max(column) for column in zip(*errors, strict=True)))
        if found.accurate:
            return tabulated, found
    raise ModelError(
        f"Tables of {found.bins} pieces change energies by up to {found.energy_error:.1g} eV/atom "
        f"(at most {LARGEST_ENERGY_ERROR:g} expected) and forces by up to {found.force_error:.1g} "
        f"eV/Å (at most {LARGEST_FORCE_ERROR:g} expected).",
        "Export without --compress.",
    )


def _inputs(species: Sequence[str], cutoff: float) -> list[tuple[Tensor, Tensor, Tensor]]:
    structures = []
    for width in WIDTHS:
        atoms = self_test_structure(species)
        atoms.set_cell(width * atoms.cell.array, scale_atoms=True)
        structures.append(inputs_of(atoms, species, cutoff))
    return structures


def _errors(found: Evaluation, expected: Evaluation) -> tuple[float, float]:
    energies = found.atomic_energies - expected.atomic_energies
    forces = found.forces - expected.forces
    return float(energies.sum().abs() / len(energies)), float(forces.abs().max())


class _Mean(nn.Module):
    """The mean over heads or members, which is what runs."""

    def __init__(self, model: Potential | Committee) -> None:
        super().__init__()
        self.model = model

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        energies: Tensor = self.model(species, edge_index, edge_vectors).mean(dim=1)
        return energies
