"""The same seed gives the same model; a scripted model is the same function."""

from __future__ import annotations

import warnings

import torch
from ase import Atoms

from eippot.models.potential import Potential
from tests.crystals import periodic
from tests.networks import ARCHITECTURES, Precision, batch_of, potential
from tests.physics.evaluation import evaluate


def test_the_seed_decides_the_weights(architecture: str) -> None:
    config = ARCHITECTURES[architecture]
    one, same, other = (potential(config, seed=s).state_dict() for s in (1, 1, 3))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_results_are_the_same_every_time(model: Potential) -> None:
    one, two = evaluate(model, periodic()), evaluate(model, periodic())
    assert one.energy == two.energy
    assert (one.forces == two.forces).all()


def test_scripted_equals_eager(model: Potential, precision: Precision) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(model)
    batch = batch_of([periodic()], precision.dtype)
    results = []
    for function in (model, scripted):
        vectors = batch.edge_vectors.clone().requires_grad_()
        energies = function(batch.species, batch.edge_index, vectors)
        (gradient,) = torch.autograd.grad(energies.sum(), vectors)
        results.append((energies.detach(), gradient))
    for found, expected in zip(*results, strict=True):
        size = float(expected.abs().max())
        torch.testing.assert_close(found, expected, rtol=0, atol=precision.tolerance * size)


def test_the_interaction_range_is_true(exact_model: Potential) -> None:
    """Along a chain, atoms within the range feel where the first one is, no others.

    Derivatives tell: after several interactions, differences of energies drown in rounding.
    """
    reach = exact_model.representation.interaction_range
    chain = Atoms("Si12", positions=[[1.9 * i, 0, 0] for i in range(12)])
    batch = batch_of([chain], cutoff=exact_model.representation.cutoff)
    vectors = batch.edge_vectors.requires_grad_()
    atomic = exact_model(batch.species, batch.edge_index, vectors)[:, 0]
    of_first = (batch.edge_index == 0).any(dim=0)
    gradients = [torch.autograd.grad(e, vectors, retain_graph=True)[0][of_first] for e in atomic]
    felt = torch.stack([gradient.abs().max() for gradient in gradients])
    within = torch.from_numpy(chain.positions[:, 0] < reach)
    assert (felt[within] > 0).all()
    assert (felt[~within] == 0).all()
    assert 2 <= within.sum() < 12


def test_features_have_the_promised_shape(model: Potential) -> None:
    batch = batch_of([periodic()], model.scale.dtype)
    features = model.representation(batch.species, batch.edge_index, batch.edge_vectors)
    assert features.shape == (8, model.representation.dim)
