"""The extrapolation grade in ASE: of all kinds of files, when it is asked for, and its warnings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError

from eippot import EippotCalculator
from eippot.data.store import build_graphs
from eippot.deployment.metadata import read_metadata
from eippot.errors import ConfigError, EippotError, ExtrapolationWarning, ModelError
from eippot.structures.io import has_reference_energy, read_structures
from eippot.structures.splits import split_labelled
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.structures import CUTOFF, SPECIES, periodic
from tests.networks import export_runs, know, save_run
from tests.pipeline import Pipeline
from tests.synthetic import labelled_structures

GRADE = "extrapolation_grade"


def _squeezed(factor: float = 0.8) -> Atoms:
    atoms = periodic()
    atoms.set_cell(factor * atoms.cell.array, scale_atoms=True)
    return atoms


@pytest.fixture(scope="module")
def committee(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that were trained on the same structures."""
    folder = tmp_path_factory.mktemp("extrapolation")
    runs = [save_run(folder / str(seed), seed) for seed in range(2)]
    for run in runs:
        know(run, labelled_structures())
    for run in runs:
        export_runs(folder / f"{run.name}.pt", run)
    return export_runs(folder / "model.pt", *runs)


def test_a_training_ends_with_what_it_was_on(pipeline: Pipeline) -> None:
    calculator = EippotCalculator(pipeline.directory / "model.pt")
    labelled = [a for a in read_structures(pipeline.labelled) if has_reference_energy(a)]
    training = split_labelled(labelled, 0.2, 0)[0]
    assert calculator.metadata.training_neighborhoods == sum(map(len, training))
    grades = np.concatenate([calculator.get_property(GRADE, atoms) for atoms in training])
    assert grades.max() == pytest.approx(1.0, abs=1e-3)
    assert calculator.get_property(GRADE, _squeezed()).max() > 1.5


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("architecture", ["schnet_zbl", "soapnet", "cgcnn", "equivariant"])
def test_files_say_what_the_potential_says(
    tmp_path: Path, architecture: str, compress: bool
) -> None:
    run = save_run(tmp_path / "run", model=ARCHITECTURES[architecture])
    potential = know(run, labelled_structures()).double()
    path = export_runs(tmp_path / "model.pt", run, precision="float64", compress=compress)
    calculator = EippotCalculator(path)
    assert (calculator.engine is not None) == compress
    for atoms in (periodic(), _squeezed(0.9)):
        batch = build_graphs([atoms], SPECIES, CUTOFF, torch.float64).batch()
        with torch.no_grad():
            expected = potential.extrapolation_grade(
                batch.species, batch.edge_index, batch.edge_vectors
            )
        found = calculator.get_property(GRADE, atoms)
        np.testing.assert_allclose(found, expected, rtol=1e-3 if compress else 1e-8)


def test_a_committee_says_the_mean(committee: Path) -> None:
    singles = [EippotCalculator(committee.with_name(f"{seed}.pt")) for seed in range(2)]
    expected = np.mean([single.get_property(GRADE, periodic()) for single in singles], axis=0)
    found = EippotCalculator(committee).get_property(GRADE, periodic())
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_it_is_computed_when_asked_for(committee: Path) -> None:
    atoms = periodic()
    atoms.calc = EippotCalculator(committee)
    atoms.get_forces()
    assert GRADE not in atoms.calc.results
    before = atoms.calc.get_property(GRADE, atoms)
    assert "forces_std" not in atoms.calc.results
    atoms.positions[0, 0] += 0.1
    assert not np.allclose(atoms.calc.get_property(GRADE, atoms), before)


def test_runs_of_earlier_versions_have_none(tmp_path: Path, exported: Path) -> None:
    known, unknown = save_run(tmp_path / "known"), save_run(tmp_path / "unknown", 1)
    know(known, labelled_structures())
    mixed = EippotCalculator(export_runs(tmp_path / "mixed.pt", known, unknown))
    for calculator in (mixed, EippotCalculator(exported)):
        assert calculator.metadata.training_neighborhoods == 0
        with pytest.raises(PropertyNotImplementedError):
            calculator.get_property(GRADE, periodic())


def test_files_of_earlier_versions_open(committee: Path) -> None:
    metadata = EippotCalculator(committee).metadata
    values = {k: v for k, v in vars(metadata).items() if k != "training_neighborhoods"}
    assert metadata.training_neighborhoods > 0
    assert read_metadata(values, committee).training_neighborhoods == 0


def test_each_excursion_is_warned_of_once(committee: Path) -> None:
    calculator = EippotCalculator(committee, warn_above={GRADE: 1.5})
    inside, outside = periodic(), _squeezed()
    grade = calculator.get_property(GRADE, inside)
    assert grade.max() < 1.5
    expected = EippotCalculator(committee).get_property(GRADE, outside)
    for _ in range(2):
        inside.calc = outside.calc = calculator
        inside.get_forces()
        with pytest.warns(ExtrapolationWarning) as seen:
            outside.get_forces()
        (warning,) = (one for one in seen if one.category is ExtrapolationWarning)
        count, worst = (expected > 1.5).sum(), expected.argmax()
        assert str(warning.message) == (
            f"{count} of {len(outside)} atoms have {GRADE} above 1.5, most of all atom {worst}: "
            f"{expected[worst]:.4g}"
        )
        outside.positions += 0.01
        outside.get_forces()  # warnings are errors
        inside.positions += 0.01


def test_disagreement_is_warned_of(committee: Path) -> None:
    atoms = periodic()
    spread = EippotCalculator(committee).get_property("forces_std", atoms)
    largest = np.linalg.norm(spread, axis=1).max()
    atoms.calc = EippotCalculator(committee, warn_above={"forces_std": 0.99 * largest})
    with pytest.warns(ExtrapolationWarning, match=rf"above .* eV/Å, most .*: {largest:.4g}$"):
        atoms.get_potential_energy()
    atoms.calc = EippotCalculator(committee, warn_above={"forces_std": 1.01 * largest, GRADE: 9.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error", ExtrapolationWarning)
        atoms.get_potential_energy()


@pytest.mark.parametrize(
    ("limits", "error", "message"),
    [
        ({GRADE: 1.0}, ModelError, "extrapolation grade to warn of"),
        ({"forces_std": 0.1}, ModelError, "a committee for a limit of forces_std"),
        ({"energy": 1.0}, ConfigError, "limits of extrapolation_grade or forces_std"),
    ],
)
def test_limits_of_what_is_not_there_are_refused(
    exported: Path, limits: Mapping[str, float], error: type[EippotError], message: str
) -> None:
    with pytest.raises(error, match=message):
        EippotCalculator(exported, warn_above=limits)
