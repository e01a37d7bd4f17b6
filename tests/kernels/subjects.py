"""Networks with random weights, silicon carbide, and what torch says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from ase import Atoms
from ase.build import bulk
from torch import nn

from eippot.config.model import ArchitectureConfig, EquivariantConfig, SchNetConfig
from eippot.graphs.neighbors import NeighborList, neighbor_list
from eippot.kernels.engine import Evaluation, Neighborhoods
from eippot.models.equivariant import Equivariant
from eippot.models.factory import build_representation
from eippot.models.potential import Potential

CUTOFF = 5.0
SPECIES = ["C", "Si"]


def random_potential(channels: int = 32, interactions: int = 3, n_species: int = 2) -> Potential:
    """A SchNet; see `potential_of`."""
    config = SchNetConfig(
        cutoff=CUTOFF, channels=channels, interactions=interactions, radial_functions=24
    )
    return potential_of(config, n_species)


def potential_of(config: ArchitectureConfig, n_species: int = 2, gain: float = 1.7) -> Potential:
    """Random weights, larger than at the start of a training: energies and forces of order 1.

    Where they are so large that activations are fed more than 20, torch takes ln(1 + eˣ) for x.
    """
    torch.manual_seed(32)
    potential = Potential(build_representation(config, n_species, 28.0), n_species, 1, 1.5)
    with torch.no_grad():
        for parameter in potential.parameters():
            parameter.mul_(gain)
    return potential.double()


def equivariant_potential(
    l_max: int = 2, interactions: int = 3, channels: int = 8, n_species: int = 2, **options: Any
) -> Potential:
    """Random weights; energies and forces of order 1."""
    torch.manual_seed(channels)
    sizes = {"radial_functions": 4, "radial_width": 8, "parity": False}
    config = EquivariantConfig.model_construct(  # l_max = 0 too
        cutoff=CUTOFF,
        l_max=l_max,
        interactions=interactions,
        channels=channels,
        **(sizes | options),
    )
    potential = Potential(Equivariant(config, n_species, 28.0), n_species, 1, 10.0)
    return potential.double()


def rattled() -> Atoms:
    """Rattled diamond of two elements."""
    atoms = bulk("Si", a=5.431, cubic=True) * (2, 2, 2)
    atoms.symbols = ["C" if i % 3 == 0 else "Si" for i in range(len(atoms))]
    atoms.rattle(0.15, seed=1)
    return atoms


def species_of(atoms: Atoms) -> npt.NDArray[np.int64]:
    return np.array([SPECIES.index(symbol) for symbol in atoms.symbols])


def neighborhoods(atoms: Atoms, cutoff: float = CUTOFF) -> Neighborhoods:
    neighbors = neighbor_list(atoms, cutoff)
    first = np.searchsorted(neighbors.edge_index[0], np.arange(len(atoms) + 1))
    neighbor = neighbors.edge_index[1]
    offsets = neighbors.edge_vectors - atoms.positions[neighbor]
    offsets += atoms.positions[neighbors.edge_index[0]]
    return Neighborhoods(species_of(atoms), first, neighbor, offsets, atoms.positions)


def by_torch(potential: nn.Module, atoms: Atoms) -> Evaluation:
    """Energies and forces by torch; one virial of the whole."""
    neighbors: NeighborList = neighbor_list(atoms, CUTOFF)
    index = torch.from_numpy(neighbors.edge_index)
    vectors = torch.from_numpy(neighbors.edge_vectors).requires_grad_()
    energies = potential(torch.from_numpy(species_of(atoms)), index, vectors)[:, 0]
    (gradient,) = torch.autograd.grad(energies.sum(), vectors)
    forces = torch.zeros((len(atoms), 3), dtype=torch.float64)
    forces = forces.index_add(0, index[0], gradient).index_add(0, index[1], -gradient)
    virial = -(vectors.detach().T @ gradient).numpy()
    six = [virial[0, 0], virial[1, 1], virial[2, 2], virial[0, 1], virial[0, 2], virial[1, 2]]
    return Evaluation(energies.detach().numpy(), forces.numpy(), np.array(six))
