"""An exported model's predictions beside reference labels, and their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms
from scipy.stats import spearmanr

from eippot.deployment.exported import Metadata, OpenedModel, evaluate
from eippot.deployment.spread import spread
from eippot.graphs.neighbors import neighbor_list
from eippot.graphs.species import species_indices
from eippot.properties import ENERGY, FORCES, LABELS, STRESS, Property, reference_key
from eippot.structures.io import energy_of, forces_of, stress_of
from eippot.units import MEV_PER_EV


@dataclass(frozen=True)
class Comparison:
    """Reference and prediction of one structure of n atoms, flat, by property.

    Attributes
    ----------
    config_type
        Kind of structure, ``info["config_type"]``, or "all" without one.
    n_atoms
        Number of atoms.
    reference, predicted
        Energy ``(1,)`` [eV/atom], forces ``(3n,)`` [eV/Å], stress ``(9,)`` [eV/Å³]; only those
        with a reference label.
    spread
        Of a committee, else empty: standard deviation of the energy ``(1,)`` [eV/atom], and the
        norm of that of the force on each atom ``(n,)`` [eV/Å].
    """

    config_type: str
    n_atoms: int
    reference: dict[Property, np.ndarray]
    predicted: dict[Property, np.ndarray]
    spread: dict[Property, np.ndarray]


@dataclass(frozen=True)
class ErrorRow:
    """Errors over structures of one kind; names carry statistic and normalization.

    Attributes
    ----------
    config_type
        Kind of structure.
    structures
        How many.
    mae, rmse, largest
        Mean absolute, root-mean-square and largest absolute error by property [meV/atom, meV/Å,
        meV/Å³].
    """

    config_type: str
    structures: int
    mae: dict[Property, float]
    rmse: dict[Property, float]
    largest: dict[Property, float]


def compare(model: OpenedModel, metadata: Metadata, atoms: Atoms) -> Comparison:
    """Evaluate a model on a structure and lay its reference labels beside.

    Raises
    ------
    DataError
        The structure holds an element that the model does not know.
    """
    neighbors = neighbor_list(atoms, metadata.cutoff)
    inputs = (
        torch.from_numpy(species_indices(atoms, metadata.species)),
        torch.from_numpy(neighbors.edge_index),
        torch.from_numpy(neighbors.edge_vectors),
    )
    found = evaluate(model, *inputs)
    energy = energy_of(atoms, reference_key(ENERGY))
    labels = {
        ENERGY: None if energy is None else np.array([energy / len(atoms)]),
        FORCES: forces_of(atoms, reference_key(FORCES)),
        STRESS: stress_of(atoms, reference_key(STRESS)),
    }
    predicted = {
        ENERGY: np.array([float(found.atomic_energies.sum()) / len(atoms)]),
        FORCES: found.forces.numpy().ravel(),
    }
    if atoms.pbc.all():
        predicted[STRESS] = -found.virial.numpy().ravel() / atoms.get_volume()
    deviations = {}
    if metadata.n_members > 1:
        of_members = spread(model, *inputs)
        deviations[ENERGY] = np.array([float(of_members.energy) / len(atoms)])
        deviations[FORCES] = of_members.forces.norm(dim=1).numpy()
    return Comparison(
        str(atoms.info.get("config_type", "all")),
        len(atoms),
        {prop: label.ravel() for prop, label in labels.items() if label is not None},
        predicted,
        deviations,
    )


def error_table(comparisons: Sequence[Comparison]) -> list[ErrorRow]:
    """One row for each kind of structure, sorted by name, and a last one for all."""
    kinds = sorted({c.config_type for c in comparisons})
    rows = [_row(kind, [c for c in comparisons if c.config_type == kind]) for kind in kinds]
    return rows if kinds == ["all"] else [*rows, _row("all", comparisons)]


def stacked(comparisons: Sequence[Comparison], prop: Property) -> tuple[np.ndarray, np.ndarray]:
    """Reference and predicted values of a property over all structures, flat."""
    having = [c for c in comparisons if prop in c.reference and prop in c.predicted]
    if not having:
        return np.zeros(0), np.zeros(0)
    return (
        np.concatenate([c.reference[prop] for c in having]),
        np.concatenate([c.predicted[prop] for c in having]),
    )


def spread_correlation(comparisons: Sequence[Comparison]) -> tuple[Property, float] | None:
    """How well a committee knows where it is wrong: spread and error, by Spearman's ranks.

    1 where a larger spread always goes with a larger error, 0 where it tells nothing. Of the forces
    on atoms, or of energies per atom where no forces are labelled.

    Returns
    -------
    tuple or None
        What was compared, and the correlation; None where there is nothing to compare.
    """
    prop = FORCES if any(FORCES in c.reference for c in comparisons) else ENERGY
    having = [c for c in comparisons if prop in c.reference and prop in c.spread]
    spreads = np.concatenate([np.zeros(0), *(c.spread[prop] for c in having)])
    errors = np.concatenate([np.zeros(0), *(_error_sizes(c, prop) for c in having)])
    if len(having) == 0 or np.ptp(spreads) == 0 or np.ptp(errors) == 0:
        return None
    return prop, float(spearmanr(spreads, errors).statistic)


def _error_sizes(comparison: Comparison, prop: Property) -> np.ndarray:
    """Size of the error of each atom's force ``(n,)``, or of the energy ``(1,)``."""
    error = comparison.predicted[prop] - comparison.reference[prop]
    sizes: np.ndarray = np.linalg.norm(error.reshape(-1, 3 if prop is FORCES else 1), axis=1)
    return sizes


def _row(kind: str, comparisons: Sequence[Comparison]) -> ErrorRow:
    errors = {}
    for prop in LABELS:
        reference, predicted = stacked(comparisons, prop)
        if reference.size:
            errors[prop] = MEV_PER_EV * np.abs(predicted - reference)
    return ErrorRow(
        kind,
        len(comparisons),
        {prop: float(e.mean()) for prop, e in errors.items()},
        {prop: float(np.sqrt(np.square(e).mean())) for prop, e in errors.items()},
        {prop: float(e.max()) for prop, e in errors.items()},
    )
