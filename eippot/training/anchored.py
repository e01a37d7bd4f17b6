"""What finetune asks of a network that goes on answering for EIPs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from eippot.graphs.batch import StructureBatch
from eippot.losses.terms import EIP, REFERENCE, WEAK, LossValue, PotentialLoss, PretrainLoss
from eippot.processes import everywhere, own
from eippot.properties import ENERGY, FORCES, STRESS, Property
from eippot.training.objectives import (
    PotentialObjective,
    draw_eip,
    labels_of_eip,
    predict_needed,
)


class AnchoredObjective(PotentialObjective):
    """finetune of a network that goes on answering for the EIPs it was pretrained on.

    The first head is the potential, the others are the EIPs'. Forces and stress are compared for
    one head of each structure: the potential's where the structure has a label for it (if this is
    a weak one, at every other time), else that of an EIP, drawn at random; that of an EIP
    everywhere where the potential learns energies alone.

    Parameters
    ----------
    loss
        Of the potential.
    anchor
        Of the EIPs.
    weight
        Weight of the latter.
    """

    def __init__(self, loss: PotentialLoss, anchor: PretrainLoss, weight: float) -> None:
        super().__init__(loss)
        self._anchor = anchor
        self._weight = weight

    def loss(self, model: nn.Module, batch: Batch) -> LossValue:
        """See Objective."""
        structures = StructureBatch.of(batch)
        eip = draw_eip(batch)
        asked = self._is_asked(batch)
        needs = self._loss.needs | self._anchor.needs
        head = torch.where(asked, 0, eip + 1)
        predicted = predict_needed(model, structures, needs, True, head)
        energies = predicted[ENERGY]
        own = self._loss(
            predicted | {ENERGY: energies[:, 0]},
            _only(batch.to_dict(), (REFERENCE, WEAK), asked, structures.structure),
            structures.sizes,
        )
        labels = labels_of_eip(batch, structures, eip)
        anchor = self._anchor(
            predicted | {ENERGY: energies[:, 1:]},
            _only(labels, (EIP,), ~asked, structures.structure),
            structures.sizes,
        )
        parts = {f"{name}_of_eips": part for name, part in anchor.parts.items()}
        return LossValue(own.total + self._weight * anchor.total, own.parts | parts)

    def _is_asked(self, batch: Batch) -> Tensor:
        """Of which structures ``(B,)`` the forces of the potential are compared."""
        asked: Tensor = batch[f"{REFERENCE}_{ENERGY.name}"].isfinite()
        if set(self._loss.needs) == {ENERGY}:
            return torch.zeros_like(asked)
        weak = batch.to_dict().get(f"{WEAK}_{ENERGY.name}")
        if weak is not None:
            asked = asked | weak.isfinite() & own(torch.rand_like(everywhere(weak)) < 0.5)
        return asked

    def _predict(
        self, model: nn.Module, structures: StructureBatch, training: bool
    ) -> dict[Property, Tensor]:
        head = structures.sizes.new_zeros(structures.n_structures, dtype=torch.int64)
        predicted = predict_needed(model, structures, self._loss.needs, training, head)
        return predicted | {ENERGY: predicted[ENERGY][:, 0]}


def _only(
    labels: Mapping[str, Tensor], sources: tuple[str, ...], asked: Tensor, structure: Tensor
) -> dict[str, Tensor]:
    """Labels whose forces and stress are NaN but for structures that are asked for them."""
    rows = {FORCES: asked[structure][:, None], STRESS: asked[:, None, None]}
    known = dict(labels)
    for source, (prop, mask) in product(sources, rows.items()):
        name = f"{source}_{prop.name}"
        if name in known:
            known[name] = torch.where(mask, known[name], math.nan)
    return known
