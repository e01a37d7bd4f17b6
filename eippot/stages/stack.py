"""stack: weak labels from all EIPs at once, as DFT labels teach to combine them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ase import Atoms

from eippot.config.stages import StackConfig
from eippot.conventions import stress_to_ase_voigt
from eippot.data.labels import remove_weak_labels
from eippot.data.preparation import PreparedData, prepare
from eippot.data.sources import (
    align_eips,
    aligned_energies,
    eip_energies,
    eip_names,
    reference_energies_of,
)
from eippot.data.store import build_graphs
from eippot.errors import ConfigError, DataError
from eippot.graphs.alignment import Alignment
from eippot.graphs.references import above_isolated_atoms, reference_energy
from eippot.models.pretrained import Pretrained, load_pretrained
from eippot.properties import ENERGY, FORCES, STRESS, WEAK_PREFIX, Property, weak_key
from eippot.structures.io import write_structures
from eippot.training.combination import fit_combination
from eippot.training.stacking import Stack, mean_features

#: fewest DFT-labelled training structures that a stack is fitted to.
_LEAST = 10


@dataclass(frozen=True)
class StackResult:
    """Outcome of stack.

    Attributes
    ----------
    output
        Structure file with weak labels.
    training_labels
        DFT-labelled structures that the stack was fitted to.
    errors
        Mean absolute errors of the stack ("stack") and of each aligned EIP on the validation
        structures [eV/atom]; NaN without any.
    validation_labels
        How many these are.
    weak_labels, unlabelled
        Structures with a weak label, of so many without a DFT label.
    largest_std
        Largest predicted standard deviation of a weak label [eV/atom].
    """

    output: Path
    training_labels: int
    errors: dict[str, float]
    validation_labels: int
    weak_labels: int
    unlabelled: int
    largest_std: float


def run(config: StackConfig) -> StackResult:
    """Fit the stack to the DFT labels, and write weak labels for structures without one.

    Parameters
    ----------
    config
        What to fit to, and how many weak labels to keep.

    Raises
    ------
    EippotError
        The configuration, the data or the pretrained model cannot be used.
    """
    pretrained = load_pretrained(config.pretrained, None)
    if pretrained is None and config.method == "process":
        raise ConfigError(
            "Expected a run of `eippot pretrain` (`pretrained`), got none.",
            "The stack sees structures through a pretrained network: run `eippot pretrain` first, "
            "or choose `method: combination`, which needs none.",
        )
    data = prepare(
        config.data, config.reference_energies, pretrained.card.species if pretrained else None
    )
    names = eip_names(data.everything, config.eips)
    training, validation, pool = (
        _complete(structures, names)
        for structures in (data.training, data.validation, data.unlabelled)
    )
    if len(training) < _LEAST:
        raise DataError(
            f"Expected at least {_LEAST} training structures with a DFT energy and a label of each "
            f"of {', '.join(names)}; got {len(training)}.",
            "Label more structures, or leave out EIPs that fail on many (`eips`).",
        )
    alignments = align_eips(data.training, names, data.species, "offset")
    if config.method == "combination" or pretrained is None:
        stack = _combination(training, names, data.species)
    else:
        stack = _process(training, alignments, data, pretrained, config.data.neighbor_lists)

    remove_weak_labels(data.everything)
    deviations = _add_weak_labels(stack, pool, config.keep)
    write_structures(config.output, data.everything)
    return StackResult(
        config.output,
        len(training),
        _errors(stack, validation, alignments),
        len(validation),
        len(deviations),
        len(data.unlabelled),
        float(deviations.max(initial=0.0)),
    )


def _complete(structures: Sequence[Atoms], names: Sequence[str]) -> list[Atoms]:
    """Structures with a label of every EIP."""
    known = np.isfinite(eip_energies(structures, names)).all(axis=1)
    return [atoms for atoms, has in zip(structures, known, strict=True) if has]


@dataclass(frozen=True)
class _FittedStack:
    """What tells DFT labels of structures with a label of every EIP.

    Attributes
    ----------
    energies
        Energies [eV] and their standard deviations [eV/atom], ``(structures,)`` each.
    derivatives
        Forces [eV/Å] and stress [eV/Å³] of a structure, where they are known.
    """

    energies: Callable[[Sequence[Atoms]], tuple[np.ndarray, np.ndarray]]
    derivatives: Callable[[Atoms], Mapping[Property, np.ndarray]]


def _combination(
    training: Sequence[Atoms], names: Sequence[str], species: Sequence[str]
) -> _FittedStack:
    """One linear combination of the EIPs."""
    combination = fit_combination(training, names, species)
    return _FittedStack(
        lambda structures: (
            combination.energies(structures),
            combination.deviations(structures) / _sizes(structures),
        ),
        combination.derivatives,
    )


def _process(
    training: Sequence[Atoms],
    alignments: Sequence[Alignment],
    data: PreparedData,
    pretrained: Pretrained,
    neighbor_lists: Path | None,
) -> _FittedStack:
    """A Gaussian process over the aligned EIPs and the features of a pretrained network."""
    card, references = pretrained.card, data.reference_energies

    def describe(structures: Sequence[Atoms]) -> np.ndarray:
        graphs = build_graphs(
            structures,
            card.species,
            card.model.cutoff,
            getattr(torch, card.dtype),
            neighbor_lists=neighbor_lists,
        )
        features = mean_features(pretrained.potential.representation, graphs)
        aligned = aligned_energies(structures, alignments)
        aligned = aligned.reshape(len(structures), len(alignments))
        return np.hstack([features, above_isolated_atoms(aligned, structures, references)])

    def energies(structures: Sequence[Atoms]) -> tuple[np.ndarray, np.ndarray]:
        found, deviations = stack.predict(describe(structures))
        zero = np.array([reference_energy(atoms, references) for atoms in structures])
        return zero + found * _sizes(structures), deviations

    reference = above_isolated_atoms(reference_energies_of(training), training, references)
    stack = Stack(describe(training), reference)
    return _FittedStack(energies, lambda _: {})


def _add_weak_labels(stack: _FittedStack, pool: Sequence[Atoms], keep: float) -> np.ndarray:
    """Label the surest structures; return the deviations of these labels [eV/atom]."""
    energies, deviations = stack.energies(pool)
    surest = np.argsort(deviations, kind="stable")[: round(keep * len(deviations))]
    for i in surest:
        atoms = pool[i]
        atoms.info[weak_key(ENERGY)] = float(energies[i])
        derivatives = stack.derivatives(atoms)
        if FORCES in derivatives:
            atoms.arrays[weak_key(FORCES)] = derivatives[FORCES]
        if STRESS in derivatives:
            atoms.info[weak_key(STRESS)] = stress_to_ase_voigt(derivatives[STRESS])
        atoms.info[WEAK_PREFIX + "std"] = float(deviations[i])
        atoms.info[WEAK_PREFIX + "eip"] = "stack"
    kept: np.ndarray = deviations[surest]
    return kept


def _errors(
    stack: _FittedStack, validation: Sequence[Atoms], alignments: Sequence[Alignment]
) -> dict[str, float]:
    """Mean absolute error of the stack and of each EIP [eV/atom]."""
    if not validation:
        return dict.fromkeys(["stack", *(a.source for a in alignments)], float("nan"))
    aligned = aligned_energies(validation, alignments)
    predicted = {"stack": stack.energies(validation)[0]}
    predicted |= {a.source: aligned[:, p] for p, a in enumerate(alignments)}
    reference, sizes = reference_energies_of(validation), _sizes(validation)
    return {
        name: float(np.mean(np.abs(energies - reference) / sizes))
        for name, energies in predicted.items()
    }


def _sizes(structures: Sequence[Atoms]) -> np.ndarray:
    return np.array([len(atoms) for atoms in structures])
