"""Where the energy head of a pretrained potential starts: at a combination of the EIP heads.

A fresh head has to find the energy scale and the forces anew, and spoils the pretrained features
while it does. The combination of EIP heads that fits the DFT labels best knows both already: it is
the ridge regression of DFT on EIP labels, E_DFT ≈ Σ_p w_p E_p, evaluated by the network itself.
With a core (the repulsion of nuclei), the energies on both sides are those above the core.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import Linear

from eippot.data.loaders import validation_loader
from eippot.data.store import GraphStore
from eippot.graphs.batch import StructureBatch
from eippot.losses.terms import REFERENCE
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.properties import ENERGY, FORCES, Property

#: ridge penalty, relative to the mean of the diagonal of the normal matrix.
RIDGE = 1e-3


def combine_heads(
    potential: Potential,
    pretrained: Potential,
    graphs: Sequence[GraphStore],
    weights: dict[Property, float],
) -> Tensor:
    """Set the first heads of a potential to the best combinations of the pretrained heads.

    If it has more, these become the pretrained heads themselves.

    Parameters
    ----------
    potential
        With the representation of ``pretrained``; changed in place.
    pretrained
        With P heads.
    graphs
        DFT-labelled training structures of each of the first heads of ``potential``.
    weights
        Weights of energy (per atom) and forces in the fit, as in the loss.

    Returns
    -------
    Tensor
        ``(heads, P)`` weight of each EIP.
    """
    combination = torch.stack([fit_combination(pretrained, part, weights) for part in graphs])
    if potential.heads.n_heads > len(graphs):
        combination = torch.cat([combination, torch.eye(pretrained.heads.n_heads).double()])
    hidden, last = _linear_layers(potential)
    old_hidden, old_last = _linear_layers(pretrained)
    factor = float(pretrained.scale / potential.scale)
    with torch.no_grad():
        hidden.load_state_dict(old_hidden.state_dict())
        last.weight.copy_(factor * combination.to(last.weight.dtype) @ old_last.weight)
        last.bias.zero_()
    return combination


def fit_combination(
    pretrained: Potential, graphs: GraphStore, weights: dict[Property, float]
) -> Tensor:
    """Ridge regression ``(P,)`` of DFT energies and forces on those of P heads, float64."""
    n_heads = pretrained.heads.n_heads
    normal = torch.zeros((n_heads, n_heads), dtype=torch.float64)
    right = torch.zeros(n_heads, dtype=torch.float64)
    for batch in validation_loader(graphs):
        structures = StructureBatch.of(batch)
        share = structures.n_structures / len(graphs)
        for prop, (design, label) in _rows(pretrained, structures, batch).items():
            weight = share * weights.get(prop, 0.0) / max(len(label), 1)
            normal += weight * design.T @ design
            right += weight * design.T @ label
    penalty = RIDGE * normal.diagonal().mean() * torch.eye(n_heads, dtype=torch.float64)
    combination: Tensor = torch.linalg.solve(normal + penalty, right)
    return combination


def _rows(
    pretrained: Potential, structures: StructureBatch, batch: object
) -> dict[Property, tuple[Tensor, Tensor]]:
    """Design matrix ``(rows, P)`` and DFT labels ``(rows,)`` of a batch, by property."""
    design = _energies_and_forces(pretrained, structures, pretrained.heads.n_heads)
    labels = {
        ENERGY: getattr(batch, f"{REFERENCE}_{ENERGY.name}") / structures.sizes,
        FORCES: getattr(batch, f"{REFERENCE}_{FORCES.name}").reshape(-1),
    }
    if pretrained.core is not None:
        for prop, core in _energies_and_forces(pretrained.core, structures, 1).items():
            design[prop] = design[prop] - core
            labels[prop] = labels[prop] - core[:, 0]
    return {
        prop: (design[prop][known].double(), label[known].double())
        for prop, label in labels.items()
        if (known := label.isfinite()).any()
    }


def _energies_and_forces(
    model: nn.Module, structures: StructureBatch, n_heads: int
) -> dict[Property, Tensor]:
    """Energies per atom ``(B, heads)`` and forces ``(3n, heads)`` of all heads."""
    forces = []
    for p in range(n_heads):
        head = torch.full((structures.n_structures,), p, device=structures.species.device)
        found = predict(
            model, structures, with_forces=True, with_stress=False, create_graph=False, head=head
        )
        assert found.forces is not None
        forces.append(found.forces.reshape(-1))
    return {
        ENERGY: found.energy / structures.sizes[:, None],
        FORCES: torch.stack(forces, dim=1),
    }


def _linear_layers(potential: Potential) -> tuple[Linear, Linear]:
    """Hidden and last layer of the energy heads."""
    hidden, _, last = potential.heads.layers
    assert isinstance(hidden, Linear)
    assert isinstance(last, Linear)
    return hidden, last
