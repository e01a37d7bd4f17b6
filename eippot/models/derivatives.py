"""The one derivative, g = ∂E/∂edge_vectors, and the forces and virials that follow from it."""

from __future__ import annotations

import torch
from torch import Tensor


def edge_gradient(
    energy: Tensor, edge_vectors: Tensor, create_graph: bool, retain_graph: bool = False
) -> Tensor:
    """Derivative of the energy with respect to every edge vector.

    Parameters
    ----------
    energy
        Any shape [eV]; its sum is differentiated.
    edge_vectors
        ``(E, 3)`` [Å], a leaf that requires a gradient and that ``energy`` was computed from.
    create_graph
        Whether the result is to be differentiated again (training on forces).
    retain_graph
        Whether another energy of the same computation is to be differentiated.

    Returns
    -------
    Tensor
        ``(E, 3)`` [eV/Å].
    """
    if not energy.requires_grad:  # nothing depends on an edge: no atoms, or no edges
        return torch.zeros_like(edge_vectors)
    (gradient,) = torch.autograd.grad(
        energy.sum(),
        edge_vectors,
        create_graph=create_graph,
        retain_graph=create_graph or retain_graph,
        materialize_grads=True,
    )
    return gradient


def forces_from_edge_gradient(gradient: Tensor, edge_index: Tensor, n_atoms: int) -> Tensor:
    """Forces ``(n_atoms, 3)`` [eV/Å]: F_center += g, F_neighbor −= g, since r = r_nbr − r_ctr."""
    forces = torch.zeros((n_atoms, 3), dtype=gradient.dtype, device=gradient.device)
    return forces.index_add(0, edge_index[0], gradient).index_add(0, edge_index[1], -gradient)


def virial_from_edge_gradient(
    gradient: Tensor, edge_vectors: Tensor, edge_structure: Tensor, n_structures: int
) -> Tensor:
    """Virial W = −Σ r ⊗ g of every structure.

    Parameters
    ----------
    gradient
        ``(E, 3)`` ∂E/∂edge_vectors [eV/Å].
    edge_vectors
        ``(E, 3)`` [Å].
    edge_structure
        ``(E,)`` index of the structure that each edge belongs to.
    n_structures
        B.

    Returns
    -------
    Tensor
        ``(B, 3, 3)`` [eV], symmetric.
    """
    outer = (edge_vectors.unsqueeze(2) * gradient.unsqueeze(1)).reshape(-1, 9)
    virial = torch.zeros((n_structures, 9), dtype=outer.dtype, device=outer.device)
    virial = virial.index_add(0, edge_structure, -outer).reshape(n_structures, 3, 3)
    return 0.5 * (virial + virial.transpose(1, 2))
