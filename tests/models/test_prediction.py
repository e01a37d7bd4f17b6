"""One function gives energies, forces and stress, for training and for validation."""

from __future__ import annotations

import torch

from eippot.models.prediction import predict
from eippot.testing.results import batch_of, evaluate
from eippot.testing.structures import cluster, periodic, small_cell
from tests.networks import potential


def test_only_what_is_asked_for() -> None:
    batch = batch_of([periodic()])
    found = predict(potential(), batch, with_forces=False, with_stress=False, create_graph=False)
    assert found.forces is None
    assert found.stress is None
    assert found.energy.shape == (1, 1)


def test_forces_can_be_trained_on() -> None:
    model = potential()
    found = predict(
        model, batch_of([periodic()]), with_forces=True, with_stress=True, create_graph=True
    )
    assert found.forces is not None
    assert found.stress is not None
    for loss in (found.forces.square().sum(), found.stress.square().sum(), found.energy.sum()):
        gradients = torch.autograd.grad(
            loss, list(model.parameters()), retain_graph=True, allow_unused=True
        )
        assert sum(float(g.abs().sum()) for g in gradients if g is not None) > 0


def test_a_cluster_spoils_no_gradient() -> None:
    """It has no volume, so no stress: training on the stress of others must not notice."""
    model = potential()
    gradients = []
    for structures in ([periodic(), cluster()], [periodic()]):
        found = predict(
            model, batch_of(structures), with_forces=False, with_stress=True, create_graph=True
        )
        assert found.stress is not None
        assert found.stress[1:].isnan().all()
        loss = found.stress[found.stress.isfinite()].square().sum()
        gradients.append(torch.autograd.grad(loss, list(model.representation.parameters())))
    for with_cluster, without in zip(*gradients, strict=True):
        torch.testing.assert_close(with_cluster, without)


def test_validation_leaves_no_graph_behind() -> None:
    found = predict(
        potential(), batch_of([periodic()]), with_forces=True, with_stress=True, create_graph=False
    )
    assert found.forces is not None
    assert not found.energy.requires_grad
    assert not found.forces.requires_grad


def test_forces_without_gradients_around() -> None:
    with torch.no_grad():
        found = predict(
            potential(), batch_of([periodic()]), with_forces=True, with_stress=False,
            create_graph=False,
        )  # fmt: skip
    assert found.forces is not None
    torch.testing.assert_close(
        found.forces, torch.from_numpy(evaluate(potential(), periodic()).forces)
    )


def test_each_structure_gets_the_forces_of_its_head() -> None:
    model = potential(heads=3)
    structures = [periodic(), small_cell(), cluster()]
    batch = batch_of(structures)
    heads = torch.tensor([2, 0, 1])
    found = predict(
        model, batch, with_forces=True, with_stress=True, create_graph=False, head=heads
    )
    assert found.forces is not None
    assert found.stress is not None
    assert found.energy.shape == (3, 3)
    for index, (atoms, head) in enumerate(zip(structures, heads, strict=True)):
        single = predict(
            model, batch_of([atoms]), with_forces=True, with_stress=True, create_graph=False,
            head=head.reshape(1),
        )  # fmt: skip
        assert single.forces is not None
        assert single.stress is not None
        torch.testing.assert_close(found.forces[batch.structure == index], single.forces)
        torch.testing.assert_close(found.stress[index], single.stress[0], equal_nan=True)
        torch.testing.assert_close(found.energy[index], single.energy[0])
