"""What each stage asks of a model: heads, metrics, and what is drawn at random."""

from __future__ import annotations

import math

import pytest
import torch
from ase import Atoms
from torch import Tensor

from eippot.config.loss import PotentialLossConfig, PretrainLossConfig
from eippot.errors import DataError
from eippot.losses.terms import PotentialLoss, PretrainLoss
from eippot.models.factory import build_representation
from eippot.models.potential import Classifier
from eippot.testing.results import evaluate
from eippot.testing.structures import SPECIES
from eippot.training.objectives import (
    ClassifierObjective,
    CommitteeObjective,
    PotentialObjective,
    PretrainObjective,
    class_logits,
)
from tests.networks import SMALL, potential
from tests.training.labels import STRUCTURES, batch_of, eip_labels, only_head


def _reference_labels(atoms: Atoms, energy_error: float, force_error: float) -> dict[str, Tensor]:
    """Labels that the model of these tests misses by known errors."""
    found = evaluate(potential(), atoms)
    return {
        "reference_energy": torch.tensor([found.energy + energy_error * len(atoms)]),
        "reference_forces": torch.from_numpy(found.forces + force_error),
    }


def test_metrics_of_a_potential_are_mean_absolute_errors_in_mev() -> None:
    errors = [(0.1, 0.3), (-0.3, -0.5), (0.2, 0.0)]
    batch = batch_of([_reference_labels(f(), *e) for f, e in zip(STRUCTURES, errors, strict=True)])
    objective = PotentialObjective(PotentialLoss(PotentialLossConfig(), 0.0))
    found = objective.metrics(potential(), batch)
    value, count = found["validation_energy_mae_per_atom"]
    assert float(value) == pytest.approx(1000 * 0.6 / 3, abs=0.01)
    assert count == 3
    value, count = found["validation_forces_mae"]
    expected = 1000 * (8 * 0.3 + 2 * 0.5) / 15
    assert float(value) == pytest.approx(expected, rel=1e-4)
    assert count == 45
    means = objective.summarize({name: value for name, (value, _) in found.items()})
    assert float(means["validation_score"]) == pytest.approx(200 + 0.1**0.5 * expected, rel=1e-4)


def test_a_score_needs_labels() -> None:
    objective = PotentialObjective(PotentialLoss(PotentialLossConfig(), 0.0))
    with pytest.raises(DataError, match="labels of energy, forces, got none"):
        objective.summarize({})


def test_weak_labels_are_no_part_of_the_score() -> None:
    labels = [_reference_labels(f(), 0.1, 0.0) for f in STRUCTURES]
    for found in labels:
        found["weak_energy"] = torch.tensor([1000.0])
    loss = PotentialObjective(PotentialLoss(PotentialLossConfig(), 1.0))
    value = loss.metrics(potential(), batch_of(labels))["validation_energy_mae_per_atom"][0]
    assert float(value) == pytest.approx(100.0, abs=0.01)


def _pretraining(forces: float = 1.0, kernel: str = "absolute") -> PretrainObjective:
    weights = {"energy": 0.0, "forces": forces}
    config = PretrainLossConfig.model_validate({"weights": weights, "kernel": kernel})
    return PretrainObjective(PretrainLoss(config))


def test_the_random_head_is_unbiased() -> None:
    """Over many batches the force loss is the mean over EIPs: labels 1000, 2000, 3000 eV/Å."""
    torch.manual_seed(0)
    batch = batch_of([eip_labels(f(), 3) for f in STRUCTURES])
    model = potential(heads=3)
    values = [_pretraining().loss(model, batch).total.item() for _ in range(100)]
    spread = 816.0 / math.sqrt(100)
    assert sum(values) / 100 == pytest.approx(2000.0, abs=4 * spread)
    assert len({round(v) for v in values}) > 3


def test_a_head_without_a_label_is_never_drawn() -> None:
    torch.manual_seed(0)
    batch = batch_of([eip_labels(f(), 3, missing=(0, 2)) for f in STRUCTURES])
    model = potential(heads=3)
    for _ in range(20):
        assert _pretraining().loss(model, batch).total.item() == pytest.approx(2000.0, rel=0.01)


def test_forces_are_those_of_the_drawn_head() -> None:
    """Labels that equal the model's own forces, head by head: the loss is zero."""
    torch.manual_seed(0)
    model = potential(heads=3)
    labels = [eip_labels(f(), 3) for f in STRUCTURES]
    for f, found in zip(STRUCTURES, labels, strict=True):
        for head in range(3):
            forces = evaluate(only_head(model, head), f()).forces
            found["eip_forces"][:, head] = torch.from_numpy(forces)
    batch = batch_of(labels)
    for _ in range(10):
        assert _pretraining().loss(model, batch).total.item() == pytest.approx(0.0, abs=1e-8)


#: which of three members each of three structures is shown to.
SHOWN = torch.tensor([[True, False, True], [False, True, True], [True, True, False]])


def _committee_loss(**weights: float) -> CommitteeObjective:
    config = PotentialLossConfig.model_validate({"weights": weights})
    return CommitteeObjective(PotentialLoss(config, 0.5))


def test_members_learn_the_energies_that_they_are_shown() -> None:
    """The mean of the squared errors over pairs of a structure and a member that sees it."""
    energies = torch.tensor([-3.0, 4.0, 7.0], dtype=torch.float64)
    for source, weight in (("reference", 1.0), ("weak", 0.5)):
        batch = batch_of([{f"{source}_energy": energy.reshape(1)} for energy in energies])
        batch.shown = SHOWN
        model = potential(heads=3)
        squared = {"kernel": "squared"}
        config = {"weights": {"forces": 0.0}, **squared, "weak": squared}
        loss = PotentialLoss(PotentialLossConfig.model_validate(config), 0.5)
        found = CommitteeObjective(loss).loss(model, batch).total
        errors = [
            (evaluate(only_head(model, member), f()).energy - float(energy)) / len(f())
            for f, energy, row in zip(STRUCTURES, energies, SHOWN, strict=True)
            for member in range(3)
            if row[member]
        ]
        expected = weight * sum(error**2 for error in errors) / 6
        assert found.item() == pytest.approx(expected, rel=1e-9)


def test_forces_are_those_of_members_that_see_them() -> None:
    """Each structure is shown to one member, whose forces are the label: the loss is zero."""
    torch.manual_seed(0)
    model = potential(heads=3)
    members = [2, 0, 1]
    labels = [
        {
            "reference_energy": torch.tensor([evaluate(only_head(model, m), f()).energy]),
            "reference_forces": torch.from_numpy(evaluate(only_head(model, m), f()).forces),
        }
        for f, m in zip(STRUCTURES, members, strict=True)
    ]
    batch = batch_of(labels)
    batch.shown = torch.nn.functional.one_hot(torch.tensor(members), 3).bool()
    for _ in range(5):
        assert _committee_loss().loss(model, batch).total.item() == pytest.approx(0.0, abs=1e-12)
    batch.shown = torch.ones((3, 3), dtype=torch.bool)
    drawn = {
        round(_committee_loss(energy=0.0).loss(model, batch).total.item(), 9) for _ in range(30)
    }
    assert len(drawn) > 5


def test_a_committee_is_validated_by_its_mean() -> None:
    model = potential(heads=3)
    labels = []
    for f in STRUCTURES:
        singles = [evaluate(only_head(model, member), f()) for member in range(3)]
        energy = sum(single.energy for single in singles) / 3 + 0.2 * len(f())
        forces = torch.from_numpy(sum(single.forces for single in singles) / 3 + 0.3)
        labels.append({"reference_energy": torch.tensor([energy]), "reference_forces": forces})
    found = _committee_loss().metrics(model, batch_of(labels))
    assert float(found["validation_energy_mae_per_atom"][0]) == pytest.approx(200.0, abs=0.01)
    assert float(found["validation_forces_mae"][0]) == pytest.approx(300.0, abs=0.01)


def test_classifier_metrics() -> None:
    torch.manual_seed(0)
    model = Classifier(build_representation(SMALL, len(SPECIES), 10.0), 3).double()
    batch = batch_of([{} for _ in STRUCTURES])
    predicted = class_logits(model, batch).argmax(dim=1)
    batch.true_class = torch.stack([predicted[0], predicted[1], (predicted[2] + 1) % 3])
    found = ClassifierObjective().metrics(model, batch)
    assert float(found["validation_accuracy"][0]) == pytest.approx(2 / 3)
    assert found["validation_accuracy"][1] == 3
    loss = ClassifierObjective().loss(model, batch)
    assert loss.total.item() == pytest.approx(float(found["validation_loss"][0].detach()))
