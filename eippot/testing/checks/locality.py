"""What engines rely on when they divide space: how far an energy reaches, and by which way."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from eippot.graphs.neighbors import neighbor_list
from eippot.models.base import Representation
from eippot.models.derivatives import edge_gradient
from eippot.models.exchange import GhostExchange
from eippot.testing.results import Floats, expect, expect_close
from eippot.testing.structures import periodic, small_cell
from eippot.testing.subject import Subject


def check_interaction_range(subject: Subject) -> None:
    """Atomic energies depend on atoms within ``interaction_range``, and on no others.

    Two atoms of a zigzag chain keep their energies when everything beyond that range is cut away.
    In a longer piece, the farthest atom that they depend on lies within the last cutoff of it.
    """
    representation = subject.potential.representation
    reach, cutoff = representation.interaction_range, representation.cutoff
    whole = subject.evaluate(_zigzag(cutoff))
    piece = subject.evaluate(_piece_of_zigzag(cutoff, reach))
    where = f"zigzag chain cut at the interaction range ({reach:g} Å): atomic energies"
    allowed = subject.tolerance * whole.size
    expect_close(piece.atomic[: len(whole.atomic)], whole.atomic, allowed, where)
    farthest = _farthest_influence(subject, _piece_of_zigzag(cutoff, reach + 2 * cutoff))
    expect(
        reach - cutoff < farthest <= reach,
        f"zigzag chain: expected the farthest atom that energies depend on between "
        f"{reach - cutoff:g} and {reach:g} Å (interaction_range), got {farthest:.2f} Å",
    )


def _zigzag(cutoff: float) -> Atoms:
    """A chain along y whose second neighbors are just within the cutoff."""
    step = 0.47 * cutoff
    return Atoms(
        "SiC",
        positions=[[0.0, 0.0, 0.0], [0.5, step, 0.2]],
        cell=[[0, 0, 0], [0, 2 * step, 0], [0, 0, 0]],
        pbc=(False, True, False),
    )


def _piece_of_zigzag(cutoff: float, reach: float) -> Atoms:
    """The two atoms of the cell, then all images within ``reach`` of either of them, open."""
    cell = _zigzag(cutoff)
    repeats = int(reach / cell.cell[1, 1]) + 2
    piece = Atoms(cell.symbols, positions=cell.positions)
    for shift in (k for k in range(-repeats, repeats + 1) if k):
        images = Atoms(cell.symbols, positions=cell.positions + shift * cell.cell[1])
        piece += images[_distances(images, cell) <= reach]
    return piece


def _distances(atoms: Atoms, others: Atoms) -> Floats:
    """``(n,)`` distance of each atom to the nearest of the others [Å]."""
    between = atoms.positions[:, None] - others.positions[None]
    distances: Floats = np.linalg.norm(between, axis=2).min(axis=1)
    return distances


def _farthest_influence(subject: Subject, piece: Atoms) -> float:
    """Distance of the farthest atom whose edges the energies of the first two atoms depend on."""
    batch = subject.batch([piece])
    vectors = batch.edge_vectors.clone().requires_grad_()
    energies = subject.potential(batch.species, batch.edge_index, vectors)
    gradient = edge_gradient(energies[:2], vectors, create_graph=False)
    felt = torch.unique(batch.edge_index[:, (gradient != 0).any(dim=1)])
    return float(_distances(piece, piece[:2])[felt].max(initial=0.0))


def check_ghosts(subject: Subject) -> None:
    """Features of neighbors that depend on edges come from GhostExchange, n_exchanges times.

    Every image of an atom across the boundary becomes a ghost, of which only the species is
    known, as in an engine that divides space between processes. The exchanges fetch the features
    of ghosts from their owners. (A model without exchanges that reaches farther than the cutoff
    gets ghosts with edges of their own, for which the interaction range suffices.)
    """
    representation = subject.potential.representation
    fetching = representation.n_exchanges > 0
    for structure in (periodic, small_cell):
        whole = subject.batch([structure()])
        atoms = structure()
        owners, index, vectors = _ghosts(atoms, representation.cutoff)
        expected, exchanges = _features(
            representation, whole.species, whole.edge_index, whole.edge_vectors, None
        )
        expect(
            exchanges == representation.n_exchanges,
            f"{structure.__name__}: expected {representation.n_exchanges} exchanges of features "
            f"that depend on edges (n_exchanges), got {exchanges}",
        )
        if not (fetching or representation.interaction_range == representation.cutoff):
            continue
        found, _ = _features(
            representation,
            whole.species[owners],
            index,
            torch.from_numpy(vectors).to(subject.precision.dtype),
            owners,
        )
        allowed = subject.tolerance * float(expected.abs().max())
        where = f"{structure.__name__} with ghosts: features"
        expect_close(found[: len(atoms)], expected, allowed, where, "")


def _ghosts(atoms: Atoms, cutoff: float) -> tuple[Tensor, Tensor, Floats]:
    """Owner of each atom and ghost, edge index and edge vectors; edges are those of the atoms."""
    neighbors = neighbor_list(atoms, cutoff)
    center, neighbor = neighbors.edge_index
    images = np.column_stack([neighbor, neighbors.edge_shift])
    ghosts, ghost = np.unique(images, axis=0, return_inverse=True)
    at_home = ~neighbors.edge_shift.any(axis=1)
    index = np.stack([center, np.where(at_home, neighbor, len(atoms) + ghost.ravel())])
    owners = np.concatenate([np.arange(len(atoms)), ghosts[:, 0]])
    return torch.from_numpy(owners), torch.from_numpy(index), neighbors.edge_vectors


def _features(
    representation: Representation,
    species: Tensor,
    edge_index: Tensor,
    edge_vectors: Tensor,
    owners: Tensor | None,
) -> tuple[Tensor, int]:
    """Features, and how many exchanges got features that depend on edges."""
    seen: list[bool] = []

    def exchange(_: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        shape = tuple(inputs[0].shape)
        expect(len(shape) == 2, f"expected features (n, d) in an exchange, got {shape}")
        seen.append(inputs[0].requires_grad)  # of all inputs, edge vectors alone require it
        return output if owners is None else output.index_select(0, owners)

    model = deepcopy(representation).requires_grad_(False)
    for module in model.modules():
        if isinstance(module, GhostExchange):
            module.register_forward_hook(exchange)
    features = model(species, edge_index, edge_vectors.clone().requires_grad_())
    return features.detach(), sum(seen)
