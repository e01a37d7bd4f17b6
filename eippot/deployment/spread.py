"""How far the members of a committee disagree."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eippot.deployment.exported import as_it_is
from eippot.models.derivatives import edge_gradient, forces_from_edge_gradient


@dataclass(frozen=True)
class Spread:
    """Standard deviations over the members, of n atoms (divided by their number, not one less).

    Attributes
    ----------
    energy
        ``()`` [eV], of the total energy.
    atomic_energies
        ``(n,)`` [eV].
    forces
        ``(n, 3)`` [eV/Å], by component; its norm over the components is what DeePMD-kit calls the
        model deviation of an atom.
    """

    energy: Tensor
    atomic_energies: Tensor
    forces: Tensor


def spread(
    model: torch.jit.ScriptModule, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
) -> Spread:
    """Spread of a committee; one derivative for each member.

    Parameters
    ----------
    model
        An exported model; with one member, the spread is zero.
    species, edge_index, edge_vectors
        As for ExportedModel.forward.
    """
    edge_vectors = edge_vectors.detach().requires_grad_()
    with torch.enable_grad(), as_it_is():
        members = model.member_energies(species, edge_index, edge_vectors)  # (n, members)
        gradients = [
            edge_gradient(energies, edge_vectors, create_graph=False, retain_graph=True)
            for energies in members.unbind(dim=1)
        ]
    forces = torch.stack(
        [forces_from_edge_gradient(g, edge_index, len(species)) for g in gradients]
    )
    members = members.detach()
    return Spread(_std(members.sum(dim=0), 0), _std(members, 1), _std(forces, 0))


def _std(values: Tensor, dim: int) -> Tensor:
    return values.std(dim=dim, correction=0)
