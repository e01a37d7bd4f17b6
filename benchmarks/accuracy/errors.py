"""Errors on test structures, in meV/atom and meV/Å."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from eippot.data.sources import reference_energies_of
from eippot.graphs.references import sizes_of
from eippot.properties import FORCES, reference_key
from eippot.units import MEV_PER_EV

Errors = dict[str, float | None]


def test_errors(folder: Path) -> Errors:
    """Errors of energies: mean, median, tail; of forces: mean, from what evaluate wrote."""
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    predicted, reference = (
        np.array([float(row[f"{kind}_energy_per_atom"]) for row in rows])
        for kind in ("predicted", "reference")
    )
    with (folder / "errors.csv").open() as file:
        everything = list(csv.DictReader(file))[-1]
    sizes = np.array([float(row["n_atoms"]) for row in rows])
    forces = everything.get("forces_mae")
    return energy_errors(predicted - reference, sizes) | {
        "forces_mae": float(forces) if forces else None
    }


def energy_errors(deviations: np.ndarray, sizes: np.ndarray) -> Errors:
    """From errors [eV/atom], those that are known: of whole structures [meV], and per atom."""
    known = np.isfinite(deviations)
    errors = MEV_PER_EV * np.abs(deviations[known])
    return {
        "energy_mae_of_structures": float((errors * sizes[known]).mean()),
        "energy_mae": float(errors.mean()),
        "energy_median": float(np.median(errors)),
        "energy_p90": float(np.percentile(errors, 90)),
    }


def errors_of(
    structures: Sequence[Atoms], energies: np.ndarray, forces: Sequence[np.ndarray]
) -> Errors:
    """Errors of energies [eV] and forces [eV/Å] that are predicted for structures."""
    sizes = sizes_of(structures)
    errors = energy_errors((energies - reference_energies_of(structures)) / sizes, sizes)
    key = reference_key(FORCES)
    off = [
        np.abs(predicted - atoms.arrays[key]).ravel()
        for atoms, predicted in zip(structures, forces, strict=True)
        if key in atoms.arrays
    ]
    mean = MEV_PER_EV * float(np.concatenate(off).mean()) if off else None
    return errors | {"forces_mae": mean}
