"""What an anchored potential is asked: DFT of one head, EIPs of the others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch

from eippot.config.loss import PotentialLossConfig, PretrainLossConfig
from eippot.losses.terms import PotentialLoss, PretrainLoss
from eippot.models.potential import Potential
from eippot.testing.results import evaluate
from eippot.training.anchored import AnchoredObjective
from tests.networks import potential
from tests.training.labels import NAN, STRUCTURES, batch_of, eip_labels, only_head


def _anchored_batch(model: Potential, **changes: Tensor) -> Batch:
    """DFT, an EIP's labels alone, and a weak label; each as the model's heads say it."""
    labels = []
    for index, f in enumerate(STRUCTURES):
        atoms = f()
        said = [evaluate(only_head(model, head), atoms) for head in range(3)]
        energy, forces = torch.tensor([said[0].energy]), torch.from_numpy(said[0].forces)
        eips = eip_labels(atoms, 2)
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
    batch = batch_of(labels)
    for name, values in changes.items():
        batch[name] = batch[name] + values
    return batch


def _anchored(weight: float = 0.5, own_forces: float = 1.0) -> AnchoredObjective:
    weights = {"weights": {"energy": 1.0, "forces": 1.0}, "kernel": "absolute"}
    mine = {"weights": {"energy": 1.0, "forces": own_forces}, "weak": {"kernel": "absolute"}}
    own = PotentialLossConfig.model_validate(weights | mine)
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


def test_forces_of_eips_anchor_everywhere_if_dft_has_none() -> None:
    torch.manual_seed(0)
    model = potential(heads=3)
    batch = _anchored_batch(model)
    spoilt = torch.zeros_like(batch.eip_forces)
    spoilt[: len(STRUCTURES[0]())] = 7.0  # of the structure with a DFT label
    share = len(STRUCTURES[0]()) / len(spoilt)
    loss = _anchored(0.5, own_forces=0.0).loss(model, _anchored_batch(model, eip_forces=spoilt))
    assert loss.total.item() == pytest.approx(0.5 * 7.0 * share, abs=1e-5)


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
