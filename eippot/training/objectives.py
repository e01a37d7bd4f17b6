"""What each stage asks of a model on a batch: a loss to train on, and metrics to validate by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Batch

from eippot.errors import DataError
from eippot.graphs.batch import StructureBatch
from eippot.losses.residuals import residuals
from eippot.losses.terms import (
    EIP,
    REFERENCE,
    WEAK,
    LossValue,
    PotentialLoss,
    PretrainLoss,
    classification_loss,
)
from eippot.models.prediction import predict
from eippot.processes import everywhere, own
from eippot.properties import ENERGY, FORCES, STRESS, Property
from eippot.units import MEV_PER_EV

#: a metric of one batch: its mean, and the number of values in it.
Metrics = dict[str, tuple[Tensor, int]]


class Objective(Protocol):
    """Compares a model's answers on a batch with the labels of one stage.

    Attributes
    ----------
    monitor
        Name of the validation metric that selects the best weights.
    mode
        Whether less (``min``) or more (``max``) of it is better.
    """

    monitor: str
    mode: str

    def loss(self, model: nn.Module, batch: Batch) -> LossValue:
        """Loss of a training batch, with a gradient for the weights."""

    def metrics(self, model: nn.Module, batch: Batch) -> Metrics:
        """Metrics of a validation batch."""

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Metrics of an epoch, the monitored one among them, from their means over all batches."""


class PotentialObjective:
    """finetune: DFT labels, and weak ones where the batch has them."""

    monitor = "validation_score"
    mode = "min"

    def __init__(self, loss: PotentialLoss) -> None:
        self._loss = loss

    def loss(self, model: nn.Module, batch: Batch) -> LossValue:
        """See Objective."""
        structures = StructureBatch.of(batch)
        return self._loss(self._predict(model, structures, training=True), batch, structures.sizes)

    def metrics(self, model: nn.Module, batch: Batch) -> Metrics:
        """Mean absolute errors."""
        structures = StructureBatch.of(batch)
        predicted = self._predict(model, structures, training=False)
        return error_metrics(REFERENCE, predicted, batch, structures.sizes, self._loss)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """See Objective."""
        return means | {self.monitor: score(means, self._loss)}

    def _predict(
        self, model: nn.Module, structures: StructureBatch, training: bool
    ) -> dict[Property, Tensor]:
        predicted = predict_needed(model, structures, self._loss.needs, training)
        return predicted | {ENERGY: predicted[ENERGY].mean(dim=1)}


class CommitteeObjective(PotentialObjective):
    """finetune of several heads, each on the structures that it is shown.

    In a batch, ``shown`` ``(B, members)`` tells which these are. Validated is the mean.
    """

    def loss(self, model: nn.Module, batch: Batch) -> LossValue:
        """Mean over members; forces and stress are compared for one of them, drawn at random."""
        structures = StructureBatch.of(batch)
        member = own(torch.multinomial(everywhere(batch.shown.float()), 1).squeeze(1))
        predicted = predict_needed(model, structures, self._loss.needs, True, member)
        labels = batch.to_dict()
        for source in (REFERENCE, WEAK):
            energy = labels.get(f"{source}_{ENERGY.name}")
            if energy is not None:
                energy = torch.where(batch.shown, energy.unsqueeze(1), math.nan)  # (B, members)
                labels[f"{source}_{ENERGY.name}"] = energy
        return self._loss(predicted, labels, structures.sizes)


class PretrainObjective:
    """pretrain: one head per EIP."""

    monitor = "validation_score"
    mode = "min"

    def __init__(self, loss: PretrainLoss) -> None:
        self._loss = loss

    def loss(self, model: nn.Module, batch: Batch) -> LossValue:
        """See Objective; the EIP whose forces are compared is drawn with torch's generator."""
        structures = StructureBatch.of(batch)
        predicted, labels = self._compare(model, batch, structures, draw_eip(batch), training=True)
        return self._loss(predicted, labels, structures.sizes)

    def metrics(self, model: nn.Module, batch: Batch) -> Metrics:
        """Mean absolute errors over EIPs (forces: of EIPs in turn)."""
        structures = StructureBatch.of(batch)
        turn = torch.arange(structures.n_structures, device=batch.eip_energy.device)
        head = turn % batch.eip_energy.shape[1]
        predicted, labels = self._compare(model, batch, structures, head, training=False)
        return error_metrics(EIP, predicted, labels, structures.sizes, self._loss)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """See Objective."""
        return means | {self.monitor: score(means, self._loss)}

    def _compare(
        self,
        model: nn.Module,
        batch: Batch,
        structures: StructureBatch,
        head: Tensor,
        training: bool,
    ) -> tuple[dict[Property, Tensor], dict[str, Tensor]]:
        predicted = predict_needed(model, structures, self._loss.needs, training, head)
        return predicted, labels_of_eip(batch, structures, head)


class ClassifierObjective:
    """classify: the EIP that is closest to DFT, or "none"."""

    monitor = "validation_accuracy"
    mode = "max"

    def loss(self, model: nn.Module, batch: Batch) -> LossValue:
        """See Objective."""
        return classification_loss(class_logits(model, batch), batch.true_class)

    def metrics(self, model: nn.Module, batch: Batch) -> Metrics:
        """Accuracy and cross entropy."""
        logits = class_logits(model, batch)
        right = (logits.argmax(dim=1) == batch.true_class).to(logits.dtype)
        loss = functional.cross_entropy(logits, batch.true_class)
        return {
            "validation_accuracy": (right.mean(), len(right)),
            "validation_loss": (loss, len(right)),
        }

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """See Objective."""
        return means


def draw_eip(batch: Batch) -> Tensor:
    """An EIP ``(B,)`` for each structure, one that has a label if there is any."""
    has_label = batch.eip_energy.isfinite().float() + 1e-9
    return own(torch.multinomial(everywhere(has_label), 1).squeeze(1))


def labels_of_eip(batch: Batch, structures: StructureBatch, eip: Tensor) -> dict[str, Tensor]:
    """Energies of all EIPs; forces and stress of one EIP for each structure."""
    rows = torch.arange(structures.n_structures, device=eip.device)
    atoms = torch.arange(len(structures.structure), device=eip.device)
    return {
        f"{EIP}_energy": batch.eip_energy,
        f"{EIP}_forces": batch.eip_forces[atoms, eip[structures.structure]],
        f"{EIP}_stress": batch.eip_stress[rows, eip],
    }


def predict_needed(
    model: nn.Module,
    structures: StructureBatch,
    needs: Mapping[Property, float],
    training: bool,
    head: Tensor | None = None,
) -> dict[Property, Tensor]:
    """Energies ``(B, heads)``; forces and stress of the chosen heads where a loss needs them."""
    found = predict(
        model,
        structures,
        with_forces=FORCES in needs,
        with_stress=STRESS in needs,
        create_graph=training,
        head=head,
    )
    values = {ENERGY: found.energy, FORCES: found.forces, STRESS: found.stress}
    return {prop: value for prop, value in values.items() if value is not None}


def class_logits(model: nn.Module, batch: Batch) -> Tensor:
    """Logits ``(B, classes)`` of a classifier on a batch of graphs."""
    s = StructureBatch.of(batch)
    logits: Tensor = model(s.species, s.edge_index, s.edge_vectors, s.structure, s.n_structures)
    return logits


def error_metrics(
    source: str,
    predicted: Mapping[Property, Tensor],
    labels: Any,  # noqa: ANN401 - a dict of tensors or a PyG batch, which reads like one
    sizes: Tensor,
    loss: PotentialLoss | PretrainLoss,
) -> Metrics:
    """Mean absolute error of each property that a loss weighs [meV, meV/Å, meV/Å³]."""
    metrics: Metrics = {}
    per_atom = loss.config.per_atom
    for prop in loss.needs:
        errors = residuals(prop, predicted[prop], labels[f"{source}_{prop.name}"], sizes, per_atom)
        if errors.numel():
            mae = MEV_PER_EV * errors.abs().double().mean()
            metrics[metric_name(prop, loss)] = (mae, errors.numel())
    return metrics


def metric_name(prop: Property, loss: PotentialLoss | PretrainLoss) -> str:
    """Name of the mean absolute error of a property."""
    suffix = "_per_atom" if prop is ENERGY and loss.config.per_atom else ""
    return f"validation_{prop.name}_mae{suffix}"


def score(means: Mapping[str, Tensor], loss: PotentialLoss | PretrainLoss) -> Tensor:
    """What the best epoch has least of: Σ √w · MAE, the root since losses square residuals."""
    weighted = [
        weight**0.5 * means[name]
        for prop, weight in loss.needs.items()
        if (name := metric_name(prop, loss)) in means
    ]
    if not weighted:
        raise DataError(
            f"Expected validation structures with labels of {', '.join(p.name for p in loss.needs)}"
            ", got none.",
            "Validate on more structures (`data.validation`), or weigh what is labelled "
            "(`loss.weights`).",
        )
    return torch.stack(weighted).sum()
