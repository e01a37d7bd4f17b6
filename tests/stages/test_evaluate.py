"""evaluate: errors reckoned by hand, tables, pictures, and what is left out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot import EippotCalculator
from eippot.config.deployment import EvaluateConfig, ExportConfig
from eippot.errors import DataError, ModelError
from eippot.properties import ENERGY, FORCES, STRESS
from eippot.stages import export
from eippot.stages.evaluate import EvaluateResult, run
from eippot.structures.io import write_structures
from eippot.testing.structures import cluster, periodic, small_cell
from tests.networks import save_run


def _structures(model: Path) -> list[Atoms]:
    """Labels that the model misses by 0.1, 0.2 and −0.4 eV/atom; one structure has none."""
    structures = [periodic(), small_cell(), cluster(), periodic()]
    calculator = EippotCalculator(model)
    for atoms, error, kind in zip(
        structures, (0.1, 0.2, -0.4, 0.0), ("bulk", "bulk", "cluster", "bulk"), strict=True
    ):
        atoms.calc = calculator
        atoms.info["config_type"] = kind
        atoms.info["REF_energy"] = atoms.get_potential_energy() + error * len(atoms)
        atoms.arrays["REF_forces"] = atoms.get_forces() + 0.01
        if kind == "bulk":
            atoms.info["REF_stress"] = atoms.get_stress() - 0.002
        atoms.calc = None
    del structures[3].info["REF_energy"]
    return structures


@pytest.fixture(scope="module")
def result(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> EvaluateResult:
    folder = tmp_path_factory.mktemp("evaluate")
    write_structures(folder / "data.extxyz", _structures(exported))
    return run(
        EvaluateConfig(model=exported, structures=folder / "data.extxyz", output=folder / "out")
    )


def test_errors_by_kind_and_over_all(result: EvaluateResult) -> None:
    bulk, clusters, everything = result.rows
    assert [row.config_type for row in result.rows] == ["bulk", "cluster", "all"]
    assert [row.structures for row in result.rows] == [2, 1, 3]
    assert bulk.mae[ENERGY] == pytest.approx(150.0, abs=1e-3)
    assert clusters.mae[ENERGY] == pytest.approx(400.0, abs=1e-3)
    assert everything.mae[ENERGY] == pytest.approx(700 / 3, abs=1e-3)
    assert everything.rmse[ENERGY] == pytest.approx(1000 * np.sqrt(0.21 / 3), abs=1e-3)
    assert everything.largest[ENERGY] == pytest.approx(400.0, abs=1e-3)
    assert everything.mae[FORCES] == pytest.approx(10.0, abs=1e-3)
    assert everything.mae[STRESS] == pytest.approx(2.0, abs=1e-3)
    assert STRESS not in clusters.mae


def test_structures_without_a_label_are_counted(result: EvaluateResult) -> None:
    assert result.unlabelled == 1


def test_tables(result: EvaluateResult) -> None:
    with result.errors_csv.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["config_type"] for row in rows] == ["bulk", "cluster", "all"]
    assert float(rows[0]["energy_mae_per_atom"]) == pytest.approx(150.0, abs=1e-3)
    assert rows[1]["stress_mae"] == ""
    with result.predictions_csv.open() as file:
        predictions = list(csv.DictReader(file))
    errors = [
        float(p["predicted_energy_per_atom"]) - float(p["reference_energy_per_atom"])
        for p in predictions
    ]
    assert errors == pytest.approx([-0.1, -0.2, 0.4], abs=1e-6)
    assert [float(p["forces_mae"]) for p in predictions] == pytest.approx([0.01] * 3, abs=1e-6)


def test_a_picture_is_drawn(result: EvaluateResult) -> None:
    content = result.parity_png.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


def _evaluate(model: Path, folder: Path, structures: list[Atoms]) -> EvaluateResult:
    write_structures(folder / "data.extxyz", structures)
    paths = {"structures": folder / "data.extxyz", "output": folder / "out"}
    return run(EvaluateConfig(model=model, **paths))


def test_energies_alone_are_enough(exported: Path, tmp_path: Path) -> None:
    atoms = cluster()
    atoms.info["REF_energy"] = -300.0
    found = _evaluate(exported, tmp_path, [atoms])
    (row,) = found.rows
    assert row.config_type == "all"
    assert set(row.mae) == {ENERGY}


def test_no_label(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got none among 1"):
        _evaluate(exported, tmp_path, [cluster()])


def test_unknown_element(exported: Path, tmp_path: Path) -> None:
    atoms = cluster()
    atoms.symbols[0] = "Ge"
    atoms.info["REF_energy"] = -300.0
    with pytest.raises(DataError, match="got Ge"):
        _evaluate(exported, tmp_path, [atoms])


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No exported model"):
        _evaluate(tmp_path / "absent.pt", tmp_path, [cluster()])


@pytest.mark.parametrize("forces", [True, False])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_committees_tell_how_well_they_know_their_errors(
    tmp_path: Path, forces: bool, sign: float
) -> None:
    """Errors that rise with the spread, or fall with it."""
    run_directory = save_run(tmp_path / "run", outputs=["dft_1", "dft_2", "dft_3"])
    model = tmp_path / "model.pt"
    export.run(ExportConfig(runs=(run_directory,), output=model, precision="float64"))
    calculator = EippotCalculator(model)
    structures = [periodic(), small_cell(), cluster()]
    for atoms in structures:
        energy_std = calculator.get_property("energy_std", atoms) / len(atoms)
        energy = calculator.get_property("energy", atoms)
        atoms.info["REF_energy"] = energy + len(atoms) * (5.0 + sign * energy_std)
        if forces:
            spread = np.linalg.norm(calculator.get_property("forces_std", atoms), axis=1)
            errors = np.outer(5.0 + sign * spread, [0.6, 0.0, -0.8])
            atoms.arrays["REF_forces"] = calculator.get_property("forces", atoms) + errors
    found = _evaluate(model, tmp_path, structures).spread_correlation
    assert found is not None
    assert found[0] is (FORCES if forces else ENERGY)
    assert found[1] == pytest.approx(sign, abs=1e-3)


def test_single_potentials_have_no_spread(result: EvaluateResult) -> None:
    assert result.spread_correlation is None


def test_one_value_has_no_correlation(tmp_path: Path) -> None:
    run_directory = save_run(tmp_path / "run", outputs=["dft_1", "dft_2"])
    export.run(ExportConfig(runs=(run_directory,), output=tmp_path / "model.pt"))
    atoms = cluster()
    atoms.info["REF_energy"] = -300.0
    assert _evaluate(tmp_path / "model.pt", tmp_path, [atoms]).spread_correlation is None
