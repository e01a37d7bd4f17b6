"""The structure of the self-test: every species, many distances, reproducible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, covalent_radii
from torch import Tensor

from eippot.graphs.neighbors import neighbor_list
from eippot.graphs.species import species_indices


def self_test_structure(species: Sequence[str]) -> Atoms:
    """A distorted simple cubic crystal of eight or more atoms in a triclinic cell.

    Parameters
    ----------
    species
        Chemical symbols; each occurs.
    """
    radius = max(covalent_radii[atomic_numbers[symbol]] for symbol in species)
    repeats = (2, 2, max(2, -(-len(species) // 4)))
    atoms = bulk(species[0], "sc", a=2.3 * radius, orthorhombic=False) * repeats
    atoms.symbols = [species[i % len(species)] for i in range(len(atoms))]
    random = np.random.default_rng(0)
    strain = np.eye(3) + 0.05 * random.standard_normal((3, 3))
    atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    atoms.positions += 0.1 * random.standard_normal((len(atoms), 3))
    return atoms


def self_test_inputs(species: Sequence[str], cutoff: float) -> tuple[Tensor, Tensor, Tensor]:
    """The structure as ``species (n,)``, ``edge_index (2, E)``, ``edge_vectors (E, 3)``."""
    return inputs_of(self_test_structure(species), species, cutoff)


def inputs_of(atoms: Atoms, species: Sequence[str], cutoff: float) -> tuple[Tensor, Tensor, Tensor]:
    """A structure as ``species (n,)``, ``edge_index (2, E)``, ``edge_vectors (E, 3)``."""
    neighbors = neighbor_list(atoms, cutoff)
    return (
        torch.from_numpy(species_indices(atoms, species)),
        torch.from_numpy(neighbors.edge_index),
        torch.from_numpy(neighbors.edge_vectors),
    )
