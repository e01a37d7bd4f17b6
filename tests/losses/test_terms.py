"""The losses of finetune, pretrain and classify on batches that can be reckoned by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from eippot.config.loss import PotentialLossConfig, PretrainLossConfig, PropertyWeights
from eippot.losses.terms import (
    LossValue,
    PotentialLoss,
    PretrainLoss,
    classification_loss,
    weighted_properties,
)
from eippot.properties import ENERGY, FORCES, STRESS, Property

NAN = math.nan
SIZES = torch.tensor([2, 4])


def _potential_loss(weak_weight: float = 0.5, **config: object) -> PotentialLoss:
    energy_only = {"weights": {"energy": 1.0, "forces": 0.0}, "kernel": "squared"}
    settings = PotentialLossConfig.model_validate(energy_only | config)
    return PotentialLoss(settings, weak_weight)


def _energies(loss: PotentialLoss, predicted: Tensor, **labels: list[float]) -> LossValue:
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in labels.items()}
    return loss({ENERGY: predicted}, tensors, SIZES)


def _tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_energies_per_atom() -> None:
    found = _energies(_potential_loss(), _tensor(1.0, 2.0), reference_energy=[0.0, 0.0])
    assert found.total.item() == pytest.approx((0.5**2 + 0.5**2) / 2)


def test_total_energies() -> None:
    loss = _potential_loss(per_atom=False)
    found = _energies(loss, _tensor(1.0, 2.0), reference_energy=[0.0, 0.0])
    assert found.total.item() == pytest.approx((1.0 + 4.0) / 2)


def test_missing_labels_cost_nothing() -> None:
    predicted = _tensor(1.0, 2.0)
    found = _energies(_potential_loss(), predicted, reference_energy=[0.0, NAN])
    assert found.total.item() == pytest.approx(0.25)
    (gradient,) = torch.autograd.grad(found.total, predicted)
    assert gradient.isfinite().all()
    assert gradient[1] == 0


def test_no_label_at_all_costs_nothing() -> None:
    predicted = _tensor(1.0, 2.0)
    labels = [NAN, NAN]
    found = _energies(_potential_loss(), predicted, reference_energy=labels, weak_energy=labels)
    assert found.total.item() == 0.0
    (gradient,) = torch.autograd.grad(found.total, predicted)
    assert gradient.tolist() == [0.0, 0.0]


def test_weak_labels_are_weighted_by_alpha() -> None:
    """Reckoned from the paper's formula: MSE + α · mean Tukey, scale from both kinds."""
    labels = {"reference_energy": [0.0, NAN], "weak_energy": [NAN, 0.0]}
    residual, weak = 0.5, 0.25
    scale = 4.685 / 0.6745 * min(residual, weak)  # torch's median of two values is the lower one
    tukey = scale**2 / 6 * (1 - (1 - (weak / scale) ** 2) ** 3)
    for alpha in (0.0, 0.5, 2.0):
        found = _energies(_potential_loss(alpha), _tensor(1.0, 1.0), **labels)
        assert found.total.item() == pytest.approx(residual**2 + alpha * tukey)
        assert float(found.parts["loss_weak_energy"]) == pytest.approx(tukey)


def test_the_scale_comes_from_both_kinds_together() -> None:
    """Where DFT residuals are large, a weak label that is as far off still counts."""
    labels = {"reference_energy": [0.0, NAN, 0.0, NAN], "weak_energy": [NAN, 0.0, NAN, 0.0]}
    sizes = torch.ones(4)
    loss = _potential_loss(1.0)
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in labels.items()}
    for others, counts in ((1e-3, False), (5.0, True)):
        predicted = _tensor(others, others, others, 5.0)
        total = loss({ENERGY: predicted}, tensors, sizes).total
        (gradient,) = torch.autograd.grad(total, predicted)
        assert (gradient[3] != 0) == counts


def test_the_share_of_weak_labels_that_pull_is_told() -> None:
    """Residuals per atom are 0.1 (DFT), 0.1 and 9; k = 4.685 · 0.1/0.6745."""
    loss = PotentialLoss(PotentialLossConfig(weights=PropertyWeights(forces=0.0)), 1.0)
    labels = {"reference_energy": _tensor(0.0, NAN, NAN), "weak_energy": _tensor(NAN, 0.0, 0.0)}
    predicted = _tensor(0.1, 0.1, 9.0)
    found = loss({ENERGY: predicted}, labels, torch.tensor([1, 1, 1]))
    assert float(found.parts["kept_weak_energy"]) == 0.5
    assert float(found.parts["spread_energy"]) == pytest.approx(0.1 / 0.6745)
    (gradient,) = torch.autograd.grad(found.total, predicted)
    assert gradient[1] != 0
    assert gradient[2] == 0


def test_the_share_of_known_outliers_that_pull_is_told() -> None:
    """Residuals are 0.1 but for the second weak label; off by 0.25, 0.35 and unknown they are."""
    loss = PotentialLoss(PotentialLossConfig(weights=PropertyWeights(forces=0.0)), 1.0)
    labels = {"reference_energy": _tensor(0.0, NAN, NAN, NAN)}
    labels |= {"weak_energy": _tensor(NAN, 0.0, 0.0, 0.0)}
    predicted, sizes = _tensor(0.1, 0.1, 9.0, 0.1), torch.ones(4)
    assert not any("outliers" in name for name in loss({ENERGY: predicted}, labels, sizes).parts)
    labels["weak_error"] = _tensor(NAN, 0.25, -0.35, NAN)
    parts = loss({ENERGY: predicted}, labels, sizes).parts
    assert parts["kept_mild_outliers"] == parts["kept_normal_outliers"] == 0.5
    assert parts["kept_severe_outliers"] == 0.0
    labels["weak_energy"] = labels["weak_energy"].unsqueeze(1).expand(-1, 2)
    committee = {ENERGY: predicted.unsqueeze(1).expand(-1, 2)}
    labels["reference_energy"] = labels["reference_energy"].unsqueeze(1).expand(-1, 2)
    assert loss(committee, labels, sizes).parts["kept_mild_outliers"] == 0.5


def test_forces_and_stress_by_components() -> None:
    loss = _potential_loss(weights={"energy": 0.0, "forces": 0.1, "stress": 2.0})
    predicted = {FORCES: torch.ones(6, 3), STRESS: torch.full((2, 3, 3), 0.5)}
    forces, stress = torch.zeros(6, 3), torch.zeros(2, 3, 3)
    forces[2:], stress[1] = NAN, NAN
    labels = {"reference_forces": forces, "reference_stress": stress}
    found = loss(predicted, labels, SIZES)
    assert found.total.item() == pytest.approx(0.1 * 1.0 + 2.0 * 0.25)
    assert set(found.parts) == {"loss_forces", "loss_stress"}


def test_a_loss_needs_what_has_a_weight() -> None:
    assert set(_potential_loss(weights={"stress": 1.0}).needs) == {ENERGY, FORCES, STRESS}
    assert weighted_properties(_potential_loss().config.weights) == {ENERGY: 1.0}


def test_labels_of_forces_do_not_scale_energies() -> None:
    """Each property has its own scale: eV and eV/Å do not mix."""
    loss = _potential_loss(1.0, weights={"energy": 1.0, "forces": 0.1}, kernel="tukey")
    energies = {"reference_energy": torch.tensor([0.0, 0.0])}
    predicted: dict[Property, Tensor] = {ENERGY: torch.tensor([1.0, 2.0])}
    parts = []
    for size in (1.0, 1000.0):
        labels = energies | {"reference_forces": size * torch.ones(6, 3)}
        parts.append(loss(predicted | {FORCES: torch.zeros(6, 3)}, labels, SIZES).parts)
    assert parts[0]["loss_energy"] == parts[1]["loss_energy"]


def _pretrain_loss(**config: object) -> PretrainLoss:
    settings = {"weights": {"energy": 1.0, "forces": 0.0}, "kernel": "squared"} | config
    return PretrainLoss(PretrainLossConfig.model_validate(settings))


def test_pretraining_is_the_mean_over_eips_and_structures() -> None:
    predicted = {ENERGY: torch.tensor([[1.0, 2.0], [3.0, 4.0]])}
    labels = {"eip_energy": torch.tensor([[0.0, 0.0], [0.0, NAN]])}
    total = _pretrain_loss(per_atom=False)(predicted, labels, SIZES).total
    assert total.item() == pytest.approx((1.0 + 4.0 + 9.0) / 3)
    total = _pretrain_loss()(predicted, labels, SIZES).total
    assert total.item() == pytest.approx((0.25 + 1.0 + 9.0 / 16) / 3)


def test_classification() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])
    found = classification_loss(logits, torch.tensor([1, 0]))
    assert found.total.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
