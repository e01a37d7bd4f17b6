"""Committees: one file is the mean of its members, and knows how far they disagree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from ase.io import read, write

from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.deployment.exported import ExportedModel
from eippot.deployment.files import open_exported
from eippot.deployment.self_test import self_test_inputs
from eippot.errors import ModelError
from eippot.models.committee import Committee
from eippot.models.potential import Potential
from eippot.models.saved import load_model
from eippot.models.schnet import SchNet
from eippot.stages import export
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.structures import (
    CUTOFF,
    REFERENCE_ENERGIES,
    SPECIES,
    cluster,
    isolated_atom,
    one_atom_cell,
    periodic,
    slab,
    small_cell,
)
from tests.networks import save_run

Structure = Callable[[], Atoms]
every_structure = pytest.mark.parametrize(
    "structure", [periodic, small_cell, one_atom_cell, slab, cluster]
)

#: members may differ in architecture, heads, and the zero of energy.
MEMBERS: Final[tuple[dict[str, Any], ...]] = (
    {"seed": 1},
    {"seed": 2, "model": ARCHITECTURES["schnet_zbl"]},
    {"seed": 3, "reference_energies": {"C": -41.0, "Si": -99.5}},
)


def _export(path: Path, *runs: Path, precision: str = "float64") -> Path:
    config = {"runs": runs, "output": path, "precision": precision}
    export.run(ExportConfig.model_validate(config))
    return path


@pytest.fixture(scope="module")
def singles(tmp_path_factory: pytest.TempPathFactory) -> list[EippotCalculator]:
    """Each member as a file of its own."""
    folder = tmp_path_factory.mktemp("singles")
    runs = [save_run(folder / f"run{i}", **member) for i, member in enumerate(MEMBERS)]
    return [EippotCalculator(_export(folder / f"{run.name}.pt", run)) for run in runs]


@pytest.fixture(scope="module")
def committee(tmp_path_factory: pytest.TempPathFactory) -> EippotCalculator:
    folder = tmp_path_factory.mktemp("committee")
    runs = [save_run(folder / f"run{i}", **member) for i, member in enumerate(MEMBERS)]
    return EippotCalculator(_export(folder / "committee.pt", *runs))


def _each(calculators: list[EippotCalculator], name: str, atoms: Atoms) -> np.ndarray:
    return np.array([calculator.get_property(name, atoms) for calculator in calculators])


@every_structure
def test_it_is_the_mean_of_its_members(
    committee: EippotCalculator, singles: list[EippotCalculator], structure: Structure
) -> None:
    atoms = structure()
    names = ["energy", "energies", "forces"] + (["stress"] if atoms.pbc.all() else [])
    for name in names:
        found = committee.get_property(name, atoms)
        expected = _each(singles, name, atoms).mean(axis=0)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@every_structure
def test_the_spread_is_the_standard_deviation_of_its_members(
    committee: EippotCalculator, singles: list[EippotCalculator], structure: Structure
) -> None:
    atoms = structure()
    for name in ("energy", "energies", "forces"):
        found = committee.get_property(f"{name}_std", atoms)
        expected = _each(singles, name, atoms).std(axis=0)
        assert expected.max() > 1e-3 or len(atoms) == 1
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def test_the_spread_is_computed_when_asked_for(committee: EippotCalculator) -> None:
    atoms = periodic()
    atoms.calc = committee
    atoms.get_forces()
    assert not [name for name in committee.results if name.endswith("_std")]
    assert committee.get_property("energy_std", atoms) > 0.0
    assert committee.results["forces_std"].shape == (8, 3)
    before = committee.results["forces_std"]
    atoms.positions[0, 0] += 0.1
    assert not np.allclose(committee.get_property("forces_std", atoms), before)


def test_one_member_has_no_spread(singles: list[EippotCalculator]) -> None:
    with pytest.raises(PropertyNotImplementedError):
        singles[0].get_property("forces_std", periodic())
    assert singles[0].metadata.n_members == 1


def test_structures_can_be_written_with_their_spread(
    committee: EippotCalculator, tmp_path: Path
) -> None:
    atoms = periodic()
    atoms.calc = committee
    atoms.arrays["forces_std"] = committee.get_property("forces_std", atoms)
    write(tmp_path / "out.extxyz", atoms)
    found = read(tmp_path / "out.extxyz")
    np.testing.assert_allclose(found.arrays["forces_std"], atoms.arrays["forces_std"], atol=1e-7)
    assert found.get_potential_energy() == pytest.approx(atoms.get_potential_energy())


def test_the_file_tells_what_it_holds(committee: EippotCalculator) -> None:
    metadata = committee.metadata
    assert metadata.n_members == 3
    assert metadata.architecture == "schnet"
    assert metadata.species == SPECIES
    assert (metadata.cutoff, metadata.interaction_range) == (CUTOFF, 2 * CUTOFF)
    assert metadata.n_exchanges == 3
    assert metadata.citation == f"{export.METHOD}; {SchNet.citation}"


def test_every_head_is_a_member(tmp_path: Path) -> None:
    """Three heads, one of which is added once more as a run of its own."""
    run = save_run(tmp_path / "run", outputs=["dft_1", "dft_2", "dft_3"])
    one = save_run(tmp_path / "one", seed=7)
    model, metadata = open_exported(_export(tmp_path / "model.pt", run, one))
    assert metadata.n_members == 4
    inputs = self_test_inputs(SPECIES, CUTOFF)
    found = model.member_energies(*inputs)
    zero = torch.tensor([REFERENCE_ENERGIES[SPECIES[i]] for i in inputs[0]], dtype=torch.float64)
    potentials = [load_model(directory)[1].double() for directory in (run, one)]
    expected = torch.cat([potential(*inputs) for potential in potentials], dim=1)
    torch.testing.assert_close(found, expected + zero[:, None], rtol=0, atol=1e-9)
    torch.testing.assert_close(model(*inputs), found.mean(dim=1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("symbol", SPECIES)
@pytest.mark.parametrize("members", [3, 5, 7])
def test_isolated_atoms_are_exact(tmp_path: Path, symbol: str, members: int) -> None:
    references = {"C": -40.1234567, "Si": -100.7654321}
    heads = [f"dft_{k}" for k in range(members)]
    run = save_run(tmp_path / "run", outputs=heads, reference_energies=references)
    calculator = EippotCalculator(_export(tmp_path / "model.pt", run))
    assert calculator.get_property("energy", isolated_atom(symbol)) == references[symbol]
    assert calculator.get_property("energy_std", isolated_atom(symbol)) == 0.0


def test_members_that_differ_in_the_zero_differ_for_isolated_atoms(
    committee: EippotCalculator,
) -> None:
    zeros = np.array([-40.0, -40.0, -41.0])
    atom = isolated_atom("C")
    assert committee.get_property("energy", atom) == pytest.approx(zeros.mean())
    assert committee.get_property("energy_std", atom) == pytest.approx(zeros.std())


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_scripted_equals_eager(tmp_path: Path, precision: str) -> None:
    runs = [save_run(tmp_path / f"run{i}", **member) for i, member in enumerate(MEMBERS)]
    path = _export(tmp_path / "model.pt", *runs, precision=precision)
    scripted, metadata = open_exported(path)
    models = [load_model(run)[1].to(getattr(torch, precision)) for run in runs]
    potentials = [model for model in models if isinstance(model, Potential)]
    eager = ExportedModel(Committee(potentials), scripted.reference_energies, metadata)
    inputs = self_test_inputs(SPECIES, CUTOFF)
    tolerance = {"float32": 1e-4, "float64": 1e-11}[precision]
    for one, other in ((eager, scripted), (eager.member_energies, scripted.member_energies)):
        torch.testing.assert_close(one(*inputs), other(*inputs), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"species": ["Si"]}, "one species, got C, Si in .*run0 and Si in .*other"),
        ({"model": {"cutoff": 4.5}}, "one cutoff, got 4 Å in .*run0 and 4.5 Å in .*other"),
    ],
)
def test_members_must_fit_together(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    run, other = save_run(tmp_path / "run0"), save_run(tmp_path / "other", **changes)
    with pytest.raises(ModelError, match=message):
        _export(tmp_path / "model.pt", run, run, other)
    assert not (tmp_path / "model.pt").exists()


def test_one_float64_member_makes_a_float64_file(tmp_path: Path) -> None:
    runs = (save_run(tmp_path / "one"), save_run(tmp_path / "two", dtype="float64"))
    config = ExportConfig(runs=runs, output=tmp_path / "model.pt")
    assert export.run(config).metadata.dtype == "float64"
