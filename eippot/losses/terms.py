"""The losses of the three training stages; each says which properties it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from eippot.config.loss import PotentialLossConfig, PretrainLossConfig, PropertyWeights
from eippot.losses.kernels import KERNELS, TUKEY_CONSTANT, robust_scale
from eippot.losses.residuals import mean_or_zero, residuals
from eippot.processes import per_process
from eippot.properties import ENERGY, LABELS, Property

#: names of the label sources in a batch: ``reference_energy``, ``weak_forces``, ``eip_energy``.
REFERENCE, WEAK, EIP = "reference", "weak", "eip"
#: in a batch, how far the weak energy is from DFT where that is known [eV/atom], else NaN.
WEAK_ERROR: Final = "weak_error"
#: outliers are off by more than this [eV/atom] (Shui et al. 2022, Fig. 3).
OUTLIERS: Final = {"mild": 0.1, "normal": 0.2, "severe": 0.3}


@dataclass(frozen=True)
class LossValue:
    """A loss to minimize, and its parts by name, for the log."""

    total: Tensor
    parts: dict[str, Tensor]


def weighted_properties(weights: PropertyWeights) -> dict[Property, float]:
    """Properties with a weight above zero: the ones that a loss needs."""
    given = {prop: float(getattr(weights, prop.name)) for prop in LABELS}
    return {prop: weight for prop, weight in given.items() if weight > 0}


class PotentialLoss:
    """L = Σ_q w_q [ mean_DFT ρ_DFT(r) + α mean_weak ρ_weak(r) ] over properties q.

    Label augmentation of Shui et al. (NeurIPS 2022), with squared residuals for DFT labels and
    Tukey's biweight for weak ones, whose scale comes from all residuals of the batch. Logged beside
    the parts are σ̂ of the residuals and the share of weak ones within k = 4.685 σ̂, which Tukey's
    biweight listens to; also among outliers, where it is known by how much a weak energy is off.

    Parameters
    ----------
    config
        Weights and kernels.
    weak_weight
        α as it is applied here (see WeakLossConfig.scale_by_counts).
    """

    def __init__(self, config: PotentialLossConfig, weak_weight: float) -> None:
        self.config = config
        self.weak_weight = weak_weight
        self.needs = weighted_properties(config.weights)

    def __call__(
        self, predicted: Mapping[Property, Tensor], labels: Mapping[str, Tensor], sizes: Tensor
    ) -> LossValue:
        """Loss of a batch.

        Parameters
        ----------
        predicted
            Each needed property, shaped as the labels.
        labels
            ``reference_<property>`` and, where there are weak labels, ``weak_<property>``.
        sizes
            ``(B,)`` atoms of each structure.
        """
        parts: dict[str, Tensor] = {}
        total = sizes.new_zeros((), dtype=next(iter(predicted.values())).dtype)
        for prop, weight in self.needs.items():
            reference = self._residuals(REFERENCE, prop, predicted, labels, sizes)
            weak = self._residuals(WEAK, prop, predicted, labels, sizes)
            scale = robust_scale(torch.cat([reference, weak]))
            part = mean_or_zero(KERNELS[self.config.kernel](reference, scale))
            parts[f"loss_{prop.name}"] = part.detach()
            if per_process(weak.numel()):
                weak_part = mean_or_zero(KERNELS[self.config.weak.kernel](weak, scale))
                parts[f"loss_weak_{prop.name}"] = weak_part.detach()
                kept = weak.detach().abs() < scale
                parts[f"kept_weak_{prop.name}"] = mean_or_zero(kept.to(scale))
                if prop is ENERGY:
                    parts |= _kept_outliers(kept.to(scale), labels)
                parts[f"spread_{prop.name}"] = scale / TUKEY_CONSTANT
                part = part + self.weak_weight * weak_part
            total = total + weight * part
        return LossValue(total, parts)

    def _residuals(
        self,
        source: str,
        prop: Property,
        predicted: Mapping[Property, Tensor],
        labels: Mapping[str, Tensor],
        sizes: Tensor,
    ) -> Tensor:
        label = labels.get(f"{source}_{prop.name}")
        if label is None:
            return predicted[prop].new_zeros(0)
        return residuals(prop, predicted[prop], label, sizes, self.config.per_atom)


def _kept_outliers(kept: Tensor, labels: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Shares of weak energies that pull, of those that are known to be so far off, if any are."""
    error, energy = labels.get(WEAK_ERROR), labels[f"{WEAK}_{ENERGY.name}"]
    if error is None:
        return {}
    per_label = error.reshape(-1, *[1] * (energy.dim() - 1)).expand_as(energy)
    off = per_label[energy.isfinite()].abs()
    chosen = {name: kept[off > least] for name, least in OUTLIERS.items()}
    return {
        f"kept_{name}_outliers": mean_or_zero(some)
        for name, some in chosen.items()
        if per_process(some.numel())
    }


class PretrainLoss:
    """L = Σ_q w_q mean over EIPs and structures of ρ(prediction − EIP label).

    Multi-task pretraining of Shui et al. (NeurIPS 2022), with forces and stress beside energies.
    Energies are compared for every EIP at once; forces and stress for one EIP per structure and
    batch, drawn at random, which has the same mean and costs one derivative instead of one per EIP.

    Parameters
    ----------
    config
        Weights and kernel.
    """

    def __init__(self, config: PretrainLossConfig) -> None:
        self.config = config
        self.needs = weighted_properties(config.weights)

    def __call__(
        self,
        predicted: Mapping[Property, Tensor],
        labels: Mapping[str, Tensor],
        sizes: Tensor,
    ) -> LossValue:
        """Loss of a batch; labels are ``eip_<property>``, energies ``(B, P)``."""
        kernel = KERNELS[self.config.kernel]
        parts: dict[str, Tensor] = {}
        total = sizes.new_zeros((), dtype=predicted[ENERGY].dtype)
        for prop, weight in self.needs.items():
            label = labels[f"{EIP}_{prop.name}"]
            values = residuals(prop, predicted[prop], label, sizes, self.config.per_atom)
            part = mean_or_zero(kernel(values, robust_scale(values)))
            parts[f"loss_{prop.name}"] = part.detach()
            total = total + weight * part
        return LossValue(total, parts)


def classification_loss(logits: Tensor, label: Tensor) -> LossValue:
    """Cross entropy of ``(B, classes)`` logits and ``(B,)`` true classes; see mean_or_zero."""
    loss = functional.cross_entropy(logits, label) * (len(label) / per_process(len(label)))
    return LossValue(loss, {"loss_class": loss.detach()})
