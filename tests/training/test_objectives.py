"""What each stage asks of a model: heads, metrics, and what is drawn at random."""

from __future__ import annotations

import math

import pytest
import torch
from ase import Atoms
from torch import Tensor
from torch_geometric.data import Batch

from eippot.config.loss import PotentialLossConfig, PretrainLossConfig
from eippot.data.store import build_graphs
from eippot.errors import DataError
from eippot.losses.terms import PotentialLoss, PretrainLoss
from eippot.models.factory import build_representation
from eippot.models.potential import Classifier, Potential
from eippot.testing.results import evaluate
from eippot.testing.structures import CUTOFF, SPECIES, cluster, periodic, small_cell
from eippot.training.objectives import (
    AnchoredObjective,
    ClassifierObjective,
    CommitteeObjective,
    PotentialObjective,
    PretrainObjective,
    class_logits,
)
from tests.networks import SMALL, potential

NAN = math.nan
STRUCTURES = (periodic, small_cell, cluster)


def _batch(labels: list[dict[str, Tensor]]) -> Batch:
    structures, given = [f() for f in STRUCTURES], iter(labels)
    graphs = build_graphs(structures, SPECIES, CUTOFF, torch.float64, lambda _: next(given))
    return graphs.batch()


def _reference_labels(atoms: Atoms, energy_error: float, force_error: float) -> dict[str, Tensor]:
    """Labels that the model of these tests misses by known errors."""
    found = evaluate(potential(), atoms)
    return {
        "reference_energy": torch.tensor([found.energy + energy_error * len(atoms)]),
        "reference_forces": torch.from_numpy(found.forces + force_error),
    }


def test_metrics_of_a_potential_are_mean_absolute_errors_in_mev() -> None:
    errors = [(0.1, 0.3), (-0.3, -0.5), (0.2, 0.0)]
    batch = _batch([_reference_labels(f(), *e) for f, e in zip(STRUCTURES, errors, strict=True)])
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
    value = loss.metrics(potential(), _batch(labels))["validation_energy_mae_per_atom"][0]
    assert float(value) == pytest.approx(100.0, abs=0.01)


def _eip_labels(atoms: Atoms, heads: int, missing: tuple[int, ...] = ()) -> dict[str, Tensor]:
    energy = torch.zeros((1, heads), dtype=torch.float64)
    forces = torch.zeros((len(atoms), heads, 3), dtype=torch.float64)
    stress = torch.zeros((1, heads, 3, 3), dtype=torch.float64)
    for head in range(heads):
        forces[:, head] = 1000.0 * (head + 1)
    for head in missing:
        energy[:, head], forces[:, head], stress[:, head] = NAN, NAN, NAN
    return {"eip_energy": energy, "eip_forces": forces, "eip_stress": stress}


def _pretraining(forces: float = 1.0, kernel: str = "absolute") -> PretrainObjective:
    weights = {"energy": 0.0, "forces": forces}
    config = PretrainLossConfig.model_validate({"weights": weights, "kernel": kernel})
    return PretrainObjective(PretrainLoss(config))


def test_the_random_head_is_unbiased() -> None:
    """Over many batches the force loss is the mean over EIPs: labels 1000, 2000, 3000 eV/Å."""
    torch.manual_seed(0)
    batch = _batch([_eip_labels(f(), 3) for f in STRUCTURES])
    model = potential(heads=3)
    values = [_pretraining().loss(model, batch).total.item() for _ in range(100)]
    spread = 816.0 / math.sqrt(100)
    assert sum(values) / 100 == pytest.approx(2000.0, abs=4 * spread)
    assert len({round(v) for v in values}) > 3


def test_a_head_without_a_label_is_never_drawn() -> None:
    torch.manual_seed(0)
    batch = _batch([_eip_labels(f(), 3, missing=(0, 2)) for f in STRUCTURES])
    model = potential(heads=3)
    for _ in range(20):
        assert _pretraining().loss(model, batch).total.item() == pytest.approx(2000.0, rel=0.01)


def test_forces_are_those_of_the_drawn_head() -> None:
    """Labels that equal the model's own forces, head by head: the loss is zero."""
    torch.manual_seed(0)
    model = potential(heads=3)
    labels = [_eip_labels(f(), 3) for f in STRUCTURES]
    for f, found in zip(STRUCTURES, labels, strict=True):
        for head in range(3):
            forces = evaluate(_only_head(model, head), f()).forces
            found["eip_forces"][:, head] = torch.from_numpy(forces)
    batch = _batch(labels)
    for _ in range(10):
        assert _pretraining().loss(model, batch).total.item() == pytest.approx(0.0, abs=1e-8)


def _only_head(model: Potential, head: int) -> Potential:
    """The same potential with one of its heads."""
    single = potential(heads=1)
    last = {
        name: value[head : head + 1]
        for name, value in model.state_dict().items()
        if name.startswith("heads.layers.2.")
    }
    single.load_state_dict(model.state_dict() | last)
    return single


def _anchored_batch(model: Potential, **changes: Tensor) -> Batch:
    """DFT, an EIP's labels alone, and a weak label; each as the model's heads say it."""
    labels = []
    for index, f in enumerate(STRUCTURES):
        atoms = f()
        said = [evaluate(_only_head(model, head), atoms) for head in range(3)]
        energy, forces = torch.tensor([said[0].energy]), torch.from_numpy(said[0].forces)
        eips = _eip_labels(atoms, 2)
        for p in range(2):
            eips["eip_energy"][:, p] = said[p + 1].energy
            eips["eip_forces"][:, p] = torch.from_numpy(said[p + 1].forces)
        known = {"reference": index == 0, "weak": index == 2}
        own = {
            f"{source}_{name}": label if known[source] else torch.full_like(label, NAN)
            for source in known
            for name, label in (("energy", energy), ("forces", forces))
        }
        labels.append(own | eips)
    batch = _batch(labels)
    for name, values in changes.items():
        batch[name] = batch[name] + values
    return batch


def _anchored(weight: float = 0.5) -> AnchoredObjective:
    weights = {"weights": {"energy": 1.0, "forces": 1.0}, "kernel": "absolute"}
    own = PotentialLossConfig.model_validate(weights | {"weak": {"kernel": "absolute"}})
    anchor = PretrainLossConfig.model_validate(weights)
    return AnchoredObjective(PotentialLoss(own, 1.0), PretrainLoss(anchor), weight)


def test_an_anchored_potential_answers_for_dft_and_for_eips() -> None:
    """Every head is compared with its own labels, whatever is drawn: the loss is zero."""
    torch.manual_seed(0)
    model = potential(heads=3)
    batch = _anchored_batch(model)
    for _ in range(20):
        assert _anchored().loss(model, batch).total.item() == pytest.approx(0.0, abs=1e-6)


def test_labels_of_eips_count_as_anchors() -> None:
    """Energies of all structures; forces of one EIP, where those of the potential are not asked."""
    torch.manual_seed(0)
    model = potential(heads=3)
    sizes = torch.tensor([[len(f())] for f in STRUCTURES], dtype=torch.float64)
    off = _anchored_batch(model, eip_energy=sizes * torch.tensor([[0.0, 0.6]]).double())
    found = _anchored(0.5).loss(model, off)
    assert float(found.parts["loss_energy_of_eips"]) == pytest.approx(0.3, abs=1e-6)
    assert found.total.item() == pytest.approx(0.5 * 0.3, abs=1e-5)
    first = torch.zeros_like(off.eip_forces)
    first[: len(STRUCTURES[0]())] = 7.0
    spoilt = _anchored_batch(model, eip_forces=first)
    for _ in range(10):
        assert _anchored().loss(model, spoilt).total.item() == pytest.approx(0.0, abs=1e-6)
    other = _anchored_batch(model, eip_forces=7.0 - first)
    drawn = {round(_anchored().loss(model, other).total.item(), 3) for _ in range(20)}
    assert drawn == {3.5}


def test_forces_of_weak_labels_are_asked_now_and_then() -> None:
    torch.manual_seed(0)
    model = potential(heads=3)
    n_weak = len(STRUCTURES[2]())
    off = _anchored_batch(model)
    off["weak_forces"][-n_weak:] += 7.0
    values = [_anchored().loss(model, off).total.item() for _ in range(40)]
    assert {round(value, 3) for value in values} == {0.0, 7.0}
    assert 8 < sum(value > 1 for value in values) < 32


def test_an_anchored_potential_is_validated_without_its_eips() -> None:
    model = potential(heads=3)
    batch = _anchored_batch(model)
    for value, _ in _anchored().metrics(model, batch).values():
        assert float(value) == pytest.approx(0.0, abs=1e-3)


#: which of three members each of three structures is shown to.
SHOWN = torch.tensor([[True, False, True], [False, True, True], [True, True, False]])


def _committee_loss(**weights: float) -> CommitteeObjective:
    config = PotentialLossConfig.model_validate({"weights": weights})
    return CommitteeObjective(PotentialLoss(config, 0.5))


def test_members_learn_the_energies_that_they_are_shown() -> None:
    """The mean of the squared errors over pairs of a structure and a member that sees it."""
    energies = torch.tensor([-3.0, 4.0, 7.0], dtype=torch.float64)
    for source, weight in (("reference", 1.0), ("weak", 0.5)):
        batch = _batch([{f"{source}_energy": energy.reshape(1)} for energy in energies])
        batch.shown = SHOWN
        model = potential(heads=3)
        config = {"weights": {"forces": 0.0}, "weak": {"kernel": "squared"}}
        loss = PotentialLoss(PotentialLossConfig.model_validate(config), 0.5)
        found = CommitteeObjective(loss).loss(model, batch).total
        errors = [
            (evaluate(_only_head(model, member), f()).energy - float(energy)) / len(f())
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
            "reference_energy": torch.tensor([evaluate(_only_head(model, m), f()).energy]),
            "reference_forces": torch.from_numpy(evaluate(_only_head(model, m), f()).forces),
        }
        for f, m in zip(STRUCTURES, members, strict=True)
    ]
    batch = _batch(labels)
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
        singles = [evaluate(_only_head(model, member), f()) for member in range(3)]
        energy = sum(single.energy for single in singles) / 3 + 0.2 * len(f())
        forces = torch.from_numpy(sum(single.forces for single in singles) / 3 + 0.3)
        labels.append({"reference_energy": torch.tensor([energy]), "reference_forces": forces})
    found = _committee_loss().metrics(model, _batch(labels))
    assert float(found["validation_energy_mae_per_atom"][0]) == pytest.approx(200.0, abs=0.01)
    assert float(found["validation_forces_mae"][0]) == pytest.approx(300.0, abs=0.01)


def test_classifier_metrics() -> None:
    torch.manual_seed(0)
    model = Classifier(build_representation(SMALL, len(SPECIES), 10.0), 3).double()
    batch = _batch([{} for _ in STRUCTURES])
    predicted = class_logits(model, batch).argmax(dim=1)
    batch.true_class = torch.stack([predicted[0], predicted[1], (predicted[2] + 1) % 3])
    found = ClassifierObjective().metrics(model, batch)
    assert float(found["validation_accuracy"][0]) == pytest.approx(2 / 3)
    assert found["validation_accuracy"][1] == 3
    loss = ClassifierObjective().loss(model, batch)
    assert loss.total.item() == pytest.approx(float(found["validation_loss"][0].detach()))
