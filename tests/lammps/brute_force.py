"""The oracle: an exported file evaluated in Python on edges found by looping over all images."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from ase import Atoms

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """What both sides compute; shapes (), (N,), (N, 3), (3, 3) in eV and Å."""

    energy: float
    energies: Array
    forces: Array
    virial: Array


def load(path: Path) -> torch.jit.ScriptModule:
    """Open an exported file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the file is
        model: torch.jit.ScriptModule = torch.jit.load(path)  # type: ignore[no-untyped-call]
        return model


def edges(atoms: Atoms, cutoff: float) -> tuple[npt.NDArray[np.int64], Array]:
    """All pairs within the cutoff: edge_index (2, E) and edge_vectors (E, 3)."""
    heights = atoms.cell.volume / np.linalg.norm(
        np.cross(np.roll(atoms.cell, -1, axis=0), np.roll(atoms.cell, -2, axis=0)), axis=1
    )
    extent = np.max(np.abs(atoms.get_scaled_positions(wrap=False)), initial=0.0)
    reach = np.where(atoms.pbc, np.ceil(cutoff / heights + 2 * extent), 0).astype(int)
    images = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach)), -1).reshape(-1, 3)
    vectors = (
        atoms.positions[None, :, None] - atoms.positions[:, None, None] + images @ atoms.cell.array
    )  # (center, neighbor, image, 3)
    distance = np.linalg.norm(vectors, axis=-1)
    center, neighbor, image = np.nonzero((distance < cutoff) & (distance > 1e-9))
    return np.stack([center, neighbor]), vectors[center, neighbor, image]


def evaluate(path: Path, atoms: Atoms) -> Result:
    """Energy, atomic energies, forces and virial of a structure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the file is
        model = torch.jit.load(path)  # type: ignore[no-untyped-call]
    species = torch.tensor([model.species.index(s) for s in atoms.symbols], dtype=torch.int64)
    index, vectors = edges(atoms, model.cutoff)
    edge_vectors = torch.from_numpy(vectors).requires_grad_(True)
    energies = model(species, torch.from_numpy(index), edge_vectors)
    (gradient,) = torch.autograd.grad(energies.sum(), edge_vectors, allow_unused=True)
    g = np.zeros_like(vectors) if gradient is None else gradient.numpy()
    forces = np.zeros((len(atoms), 3))
    np.add.at(forces, index[0], g)
    np.add.at(forces, index[1], -g)
    per_atom = energies.detach().numpy()
    return Result(float(per_atom.sum()), per_atom, forces, -(vectors.T @ g))
