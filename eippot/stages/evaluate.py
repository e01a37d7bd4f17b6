"""evaluate: errors of an exported model on DFT-labelled structures."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from eippot.config.deployment import EvaluateConfig
from eippot.deployment.files import open_exported
from eippot.deployment.parity import plot_parity
from eippot.deployment.predictions import (
    Comparison,
    ErrorRow,
    compare,
    error_table,
    spread_correlation,
)
from eippot.errors import DataError
from eippot.properties import ENERGY, FORCES, LABELS, STRESS, Property
from eippot.structures.adoption import hint_without_energies
from eippot.structures.io import has_reference_energy, read_structures

#: column names: quantity, statistic, normalization.
COLUMNS = {ENERGY: "energy_{}_per_atom", FORCES: "forces_{}", STRESS: "stress_{}"}


@dataclass(frozen=True)
class EvaluateResult:
    """Outcome of evaluate.

    Attributes
    ----------
    rows
        Errors by kind of structure; the last row is over all.
    unlabelled
        Structures without a DFT energy, which were left out.
    spread_correlation
        Of a committee: see spread_correlation.
    errors_csv, predictions_csv, parity_png
        What was written.
    """

    rows: list[ErrorRow]
    unlabelled: int
    spread_correlation: tuple[Property, float] | None
    errors_csv: Path
    predictions_csv: Path
    parity_png: Path


def run(config: EvaluateConfig) -> EvaluateResult:
    """Compare an exported model with reference labels.

    Parameters
    ----------
    config
        Model, structures, and where to write.

    Raises
    ------
    EippotError
        The model or the structures cannot be used, or no structure has a DFT energy.
    """
    model, metadata = open_exported(config.model)
    structures = read_structures(config.structures, config.keys)
    labelled = require_labelled(structures, config.structures)
    comparisons = [compare(model, metadata, atoms) for atoms in labelled.values()]
    rows = error_table(comparisons)
    result = EvaluateResult(
        rows,
        len(structures) - len(labelled),
        spread_correlation(comparisons),
        config.output / "errors.csv",
        config.output / "predictions.csv",
        config.output / "parity.png",
    )
    try:
        config.output.mkdir(parents=True, exist_ok=True)
        _write_errors(result.errors_csv, rows)
        _write_predictions(result.predictions_csv, comparisons)
    except OSError as error:
        raise DataError(f"Cannot write into {config.output}: {error}") from None
    plot_parity(comparisons, result.parity_png, f"{config.model.name} on {config.structures.name}")
    return result


def require_labelled(structures: Sequence[Atoms], path: Path) -> dict[int, Atoms]:
    """Structures of a file that have a DFT energy, by their index in it.

    Raises
    ------
    DataError
        None has.
    """
    labelled = {i: atoms for i, atoms in enumerate(structures) if has_reference_energy(atoms)}
    if not labelled:
        raise DataError(
            f"Expected structures with a DFT energy in {path}, got none among {len(structures)}.",
            hint_without_energies(structures),
        )
    return labelled


def _write_errors(path: Path, rows: list[ErrorRow]) -> None:
    """Errors by kind of structure [meV/atom, meV/Å, meV/Å³]."""
    statistics = {"mae": "mae", "rmse": "rmse", "max": "largest"}
    names = [COLUMNS[prop].format(s) for prop in LABELS for s in statistics]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["config_type", "structures", *names])
        for row in rows:
            values = [
                getattr(row, field).get(prop, "")
                for prop in LABELS
                for field in statistics.values()
            ]
            writer.writerow([row.config_type, row.structures, *values])


def _write_predictions(path: Path, comparisons: list[Comparison]) -> None:
    """Energies [eV/atom] and the mean absolute force error [eV/Å] of every structure."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "index",
                "config_type",
                "n_atoms",
                "reference_energy_per_atom",
                "predicted_energy_per_atom",
                "forces_mae",
            ]
        )
        for index, c in enumerate(comparisons):
            forces = ""
            if FORCES in c.reference:
                forces = f"{abs(c.predicted[FORCES] - c.reference[FORCES]).mean():.6f}"
            writer.writerow(
                [
                    index,
                    c.config_type,
                    c.n_atoms,
                    f"{c.reference[ENERGY][0]:.8f}",
                    f"{c.predicted[ENERGY][0]:.8f}",
                    forces,
                ]
            )
