"""stack: weak labels from all EIPs at once, corrected by what the DFT labels teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ase import Atoms

from eippot.config.stages import StackConfig
from eippot.data.labels import remove_weak_labels
from eippot.data.preparation import prepare
from eippot.data.sources import align_eips, aligned_energies, eip_names, reference_energies_of
from eippot.data.store import build_graphs
from eippot.errors import ConfigError, DataError
from eippot.graphs.alignment import Alignment
from eippot.graphs.references import above_isolated_atoms, reference_energy
from eippot.models.pretrained import Pretrained, load_pretrained
from eippot.properties import ENERGY, WEAK_PREFIX, weak_key
from eippot.structures.io import write_structures
from eippot.training.stacking import Stack, mean_features

#: fewest DFT-labelled training structures that a Gaussian process is fitted to.
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
    if pretrained is None:
        raise ConfigError(
            "Expected a run of `eippot pretrain` (`pretrained`), got none.",
            "The stack sees structures through a pretrained network: run `eippot pretrain` first.",
        )
    data = prepare(config.data, config.reference_energies, pretrained.card.species)
    names = eip_names(data.everything, config.eips)
    alignments = align_eips(data.training, names, data.species, "offset")

    def describe(structures: Sequence[Atoms]) -> Described:
        return _describe(
            structures, alignments, data.reference_energies, pretrained, config.data.neighbor_lists
        )

    training, validation = describe(data.training), describe(data.validation)
    if len(training.structures) < _LEAST:
        raise DataError(
            f"Expected at least {_LEAST} training structures with a DFT energy and a label of each "
            f"of {', '.join(names)}; got {len(training.structures)}.",
            "Label more structures, or leave out EIPs that fail on many (`eips`).",
        )
    stack = Stack(training.descriptors, training.reference)

    remove_weak_labels(data.everything)
    deviations = _add_weak_labels(
        stack, describe(data.unlabelled), data.reference_energies, config.keep
    )
    write_structures(config.output, data.everything)
    return StackResult(
        config.output,
        len(training.structures),
        _errors(stack, validation, names),
        len(validation.structures),
        len(deviations),
        len(data.unlabelled),
        float(deviations.max(initial=0.0)),
    )


def _add_weak_labels(
    stack: Stack, pool: Described, references: Mapping[str, float], keep: float
) -> np.ndarray:
    """Label the surest structures; return the deviations of these labels [eV/atom]."""
    energies, deviations = stack.predict(pool.descriptors)
    surest = np.argsort(deviations, kind="stable")[: round(keep * len(deviations))]
    for i in surest:
        atoms = pool.structures[i]
        energy = reference_energy(atoms, references) + energies[i] * len(atoms)
        atoms.info[weak_key(ENERGY)] = float(energy)
        atoms.info[WEAK_PREFIX + "std"] = float(deviations[i])
        atoms.info[WEAK_PREFIX + "eip"] = "stack"
    kept: np.ndarray = deviations[surest]
    return kept


def _errors(stack: Stack, validation: Described, names: Sequence[str]) -> dict[str, float]:
    predicted = {"stack": stack.predict(validation.descriptors)[0]}
    predicted |= dict(zip(names, validation.eip_energies.T, strict=True))
    deviations = {name: np.abs(e - validation.reference) for name, e in predicted.items()}
    return {name: float(d.mean()) if d.size else float("nan") for name, d in deviations.items()}


@dataclass(frozen=True)
class Described:
    """Structures with a label of every EIP, n of them, as the stack sees them.

    Attributes
    ----------
    structures
        The structures.
    eip_energies
        ``(n, P)`` energies of the aligned EIPs above the isolated atoms [eV/atom].
    descriptors
        ``(n, dim + P)`` mean features and these energies.
    reference
        ``(n,)`` DFT energies above the isolated atoms [eV/atom]; NaN where there is none.
    """

    structures: list[Atoms]
    eip_energies: np.ndarray
    descriptors: np.ndarray
    reference: np.ndarray


def _describe(
    structures: Sequence[Atoms],
    alignments: Sequence[Alignment],
    references: Mapping[str, float],
    pretrained: Pretrained,
    neighbor_lists: Path | None,
) -> Described:
    aligned = aligned_energies(structures, alignments).reshape(len(structures), len(alignments))
    complete = np.isfinite(aligned).all(axis=1)
    kept = [atoms for atoms, has in zip(structures, complete, strict=True) if has]
    energies = above_isolated_atoms(aligned[complete], kept, references)
    card = pretrained.card
    graphs = build_graphs(
        kept,
        card.species,
        card.model.cutoff,
        getattr(torch, card.dtype),
        neighbor_lists=neighbor_lists,
    )
    features = mean_features(pretrained.potential.representation, graphs)
    reference = above_isolated_atoms(reference_energies_of(kept), kept, references)
    return Described(kept, energies, np.hstack([features, energies]), reference)
