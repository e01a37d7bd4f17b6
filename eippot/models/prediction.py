"""Energies, forces and stress of a batch of structures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eippot.graphs.batch import StructureBatch
from eippot.models.derivatives import (
    edge_gradient,
    forces_from_edge_gradient,
    virial_from_edge_gradient,
)


@dataclass(frozen=True)
class Prediction:
    """What a potential says of a batch of B structures with n atoms.

    Attributes
    ----------
    energy
        ``(B, heads)`` [eV], relative to isolated atoms.
    forces
        ``(n, 3)`` [eV/Å] of the chosen heads; None if not asked for.
    stress
        ``(B, 3, 3)`` [eV/Å³] of the chosen heads, NaN without a volume; None if not asked for.
    """

    energy: Tensor
    forces: Tensor | None = None
    stress: Tensor | None = None


def predict(
    potential: nn.Module,
    batch: StructureBatch,
    *,
    with_forces: bool,
    with_stress: bool,
    create_graph: bool,
    head: Tensor | None = None,
) -> Prediction:
    """Energy, and where asked for forces and stress, of a batch.

    Parameters
    ----------
    potential
        A Potential, or what has its forward contract.
    batch
        The structures.
    with_forces, with_stress
        Whether to differentiate.
    create_graph
        Whether forces and stress are to be differentiated again, by the weights.
    head
        ``(B,)`` the head whose forces and stress each structure gets; their mean if None.
    """
    differentiate = with_forces or with_stress
    edge_vectors = batch.edge_vectors
    if differentiate:
        edge_vectors = edge_vectors.detach().requires_grad_()
    with torch.set_grad_enabled(differentiate or torch.is_grad_enabled()):
        atomic = potential(batch.species, batch.edge_index, edge_vectors)  # (n, heads)
        energy = torch.zeros(
            (batch.n_structures, atomic.shape[1]), dtype=atomic.dtype, device=atomic.device
        ).index_add(0, batch.structure, atomic)
        if not differentiate:
            return Prediction(energy)
        chosen = energy.mean(dim=1) if head is None else energy.gather(1, head.unsqueeze(1))
        gradient = edge_gradient(chosen, edge_vectors, create_graph)
    n_atoms = batch.species.shape[0]
    forces = forces_from_edge_gradient(gradient, batch.edge_index, n_atoms)
    stress = None
    if with_stress:
        edge_structure = batch.structure[batch.edge_index[0]]
        virial = virial_from_edge_gradient(
            gradient, batch.edge_vectors, edge_structure, batch.n_structures
        )
        stress = _stress(virial, batch.volume)
    return Prediction(energy if create_graph else energy.detach(), forces, stress)


def _stress(virial: Tensor, volume: Tensor) -> Tensor:
    """−virial/V; NaN without a volume, where its gradient is zero all the same."""
    missing = volume.isnan()[:, None, None]
    stress = -virial / volume.nan_to_num(nan=1.0)[:, None, None]
    return stress.masked_fill(missing, float("nan"))
