"""Rivals that need EIPs at run time: the best one, the combination, a network that corrects it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from ase import Atoms

from benchmarks.accuracy.errors import Errors, energy_errors, errors_of
from benchmarks.accuracy.pipeline import Pipeline
from eippot.config.deployment import ExportConfig
from eippot.data.combination import Combination, fit_combination
from eippot.data.forecast import forecast
from eippot.data.sources import align_eips, aligned_energies, eip_names, reference_energies_of
from eippot.deployment.calculator import EippotCalculator
from eippot.graphs.references import sizes_of
from eippot.graphs.species import species_of
from eippot.properties import FORCES
from eippot.stages import export
from eippot.structures.io import has_reference_energy
from eippot.units import MEV_PER_EV


def best_eip(pipeline: Pipeline) -> Errors:
    """The aligned EIP that is best on the validation structures."""
    training, validation, test = pipeline.division.structures()
    names, species = eip_names(training), species_of(training)
    alignments = align_eips(_labelled(training), names, species, "affine")

    def off(structures: list[Atoms]) -> np.ndarray:
        reference = reference_energies_of(structures)[:, None]
        wrong: np.ndarray = aligned_energies(structures, alignments) - reference
        wrong /= sizes_of(structures)[:, None]
        return wrong

    chosen = int(np.nanargmin(np.nanmean(np.abs(off(validation)), axis=0)))
    return energy_errors(off(test)[:, chosen], sizes_of(test))


def combination(pipeline: Pipeline) -> Errors:
    """The linear combination of all EIPs, and how much of DFT it says that it knows."""
    training, _, test = pipeline.division.structures()
    known, names, species = _labelled(training), eip_names(training), species_of(training)
    found = fit_combination(known, names, species)
    expected = forecast(known, align_eips(known, names, species, "affine"))
    assert expected is not None
    more = {"spread": MEV_PER_EV * expected.spread, "known": expected.known}
    return errors_of(test, found.energies(test), _forces(found, test)) | more


def delta(pipeline: Pipeline) -> Errors:
    """The combination, corrected by a committee of networks."""
    labels = pipeline.stacked("delta")
    model, run = labels.with_name("delta.pt"), labels.with_name("delta")
    export.run(ExportConfig(runs=(run,), output=model))
    found = Combination.model_validate_json(labels.with_suffix(".combination.json").read_text())
    network = EippotCalculator(model)
    _, _, test = pipeline.division.structures()
    energies, forces = found.energies(test), _forces(found, test)
    for i, atoms in enumerate(test):
        energies[i] += network.get_property("energy", atoms)
        forces[i] = forces[i] + network.get_property("forces", atoms)
    return errors_of(test, energies, forces)


def _forces(found: Combination, structures: list[Atoms]) -> list[np.ndarray]:
    return [found.derivatives(atoms)[FORCES] for atoms in structures]


def _labelled(structures: list[Atoms]) -> list[Atoms]:
    return [atoms for atoms in structures if has_reference_energy(atoms)]


RIVALS: Final[dict[str, Callable[[Pipeline], Errors]]] = {
    "best EIP": best_eip,
    "combination": combination,
    "delta": delta,
}
