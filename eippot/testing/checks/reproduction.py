"""The same function every time: from the same seed, from a file, and as an exported model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from eippot.deployment.exported import as_it_is
from eippot.deployment.exported import evaluate as run
from eippot.models.base import Representation
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.models.saved import load_model, save_model
from eippot.testing.exporting import exported_model, reopened
from eippot.testing.results import Result, evaluate, expect, expect_close
from eippot.testing.structures import (
    EVERY_KIND,
    SPECIES,
    cluster,
    isolated_atom,
    periodic,
    small_cell,
)
from eippot.testing.subject import Subject, card, random_potential


def check_contract(subject: Subject) -> None:
    """The numbers of a Representation are true, and features have its shape and number format."""
    for n_species in (1, len(SPECIES)):
        representation = build_representation(subject.config, n_species, 10.0)
        wanted, cutoff = subject.config.cutoff, representation.cutoff
        expect(cutoff == wanted, f"expected cutoff {wanted} Å, got {cutoff} Å")
        reach = representation.interaction_range
        expect(reach >= cutoff, f"expected an interaction range ≥ {cutoff} Å, got {reach} Å")
        _check_features(representation.to(subject.precision.dtype), subject, n_species)


def _check_features(representation: Representation, subject: Subject, n_species: int) -> None:
    for name, structure in EVERY_KIND.items():
        batch = subject.batch([structure()])
        species = batch.species.clamp(max=n_species - 1)
        features = representation(species, batch.edge_index, batch.edge_vectors)
        found = (tuple(features.shape), features.dtype)
        expected = ((len(species), representation.dim), subject.precision.dtype)
        where = f"{name}, species {species.tolist()}"
        expect(found == expected, f"{where}: expected features {expected}, got {found}")
        finite = bool(features.isfinite().all())
        expect(finite, f"{where}: expected finite features, got {features}")


def check_repeated(subject: Subject) -> None:
    """Results are the same bits every time, whatever was asked in between."""
    first = subject.evaluate(periodic())
    subject.evaluate(cluster())
    subject.evaluate(isolated_atom())
    _expect_same_bits(subject.evaluate(periodic()), first, "periodic, evaluated again")


def check_seed(subject: Subject) -> None:
    """The seed decides the weights of the architecture, all of them."""
    one, same, other = (
        dict(random_potential(subject.config, subject.precision.dtype, seed).named_parameters())
        for seed in (1, 1, 3)
    )
    changed = [name for name in one if not torch.equal(one[name], same[name])]
    expect(not changed, f"expected the same weights from the same seed, got other {changed}")
    own = [name for name in one if name.startswith("representation.")]
    expect(
        not own or any(not torch.equal(one[name], other[name]) for name in own),
        "expected other weights from another seed, got the same",
    )


def check_saved(subject: Subject) -> None:
    """Saved and reloaded, a potential gives the same bits."""
    saved = card(subject.config).model_copy(update={"dtype": subject.precision.name})
    with TemporaryDirectory() as folder:
        save_model(Path(folder), saved, subject.potential)
        found_card, found = load_model(Path(folder))
    expect(found_card == saved, f"expected the card {saved}, got {found_card}")
    assert isinstance(found, Potential)
    for name, structure in EVERY_KIND.items():
        reloaded = evaluate(found.eval(), structure())
        _expect_same_bits(reloaded, subject.evaluate(structure()), f"{name}, reloaded")


def check_exported(subject: Subject) -> None:
    """The exported file (TorchScript) is the same function, of any number of atoms."""
    model, metadata = exported_model([subject.potential], subject.config.architecture)
    scripted = reopened(model, metadata)
    for structure in (periodic, periodic, periodic, cluster, isolated_atom, small_cell, periodic):
        batch = subject.exact.batch([structure()])
        inputs = batch.species, batch.edge_index, batch.edge_vectors
        _expect_same_function(scripted, model, inputs, subject, structure.__name__)
    nobody = batch.species[:0], batch.edge_index[:, :0], batch.edge_vectors[:0]
    _expect_same_function(scripted, model, nobody, subject, "no atoms")


def check_committee(subject: Subject) -> None:
    """The exported file of a committee says the mean of its members, and what each of them says."""
    members = [subject.potential, replace(subject, seed=subject.seed + 1).potential]
    singles = [exported_model([member], subject.config.architecture)[0] for member in members]
    committee = reopened(*exported_model(members, subject.config.architecture))
    for structure in (periodic, cluster, isolated_atom):
        batch = subject.exact.batch([structure()])
        inputs = batch.species, batch.edge_index, batch.edge_vectors
        each = [run(single, *inputs) for single in singles]
        found = run(committee, *inputs)
        where = f"{structure.__name__}, committee"
        size = max(1.0, *(float(one.forces.abs().max()) for one in each))
        for name in ("atomic_energies", "forces", "virial"):
            values = torch.stack([getattr(one, name) for one in each])
            allowed = subject.tolerance * max(size, float(values.abs().max()))
            expect_close(getattr(found, name), values.mean(dim=0), allowed, f"{where}: {name}", "")
        expected = torch.stack([one.atomic_energies for one in each], dim=1)
        allowed = subject.tolerance * max(size, float(expected.abs().max()))
        with as_it_is():
            energies: Tensor = committee.member_energies(*inputs)
        expect_close(energies.detach(), expected, allowed, f"{where}: energies of the members")


def _expect_same_function(
    scripted: nn.Module,
    model: nn.Module,
    inputs: tuple[Tensor, Tensor, Tensor],
    subject: Subject,
    where: str,
) -> None:
    found, expected = run(scripted, *inputs), run(model, *inputs)
    for name in ("atomic_energies", "forces", "virial"):
        a, b = getattr(found, name), getattr(expected, name)
        size = max([1.0, *expected.forces.abs().flatten(), *expected.virial.abs().flatten()])
        expect_close(a, b, subject.tolerance * float(size), f"{where}, exported: {name}", "")


def _expect_same_bits(found: Result, expected: Result, where: str) -> None:
    for name in ("energy", "atomic", "forces", "stress"):
        a, b = getattr(found, name), getattr(expected, name)
        expect_close(a, b, 0.0, f"{where}: {name}", "")
