"""stack: weak labels from all EIPs at once, as DFT labels teach to combine them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from ase import Atoms

from eippot.config.stages import StackConfig
from eippot.conventions import stress_to_ase_voigt
from eippot.data.combination import fit_combination
from eippot.data.labels import remove_labels, set_weak_label
from eippot.data.preparation import prepare
from eippot.data.sources import (
    align_eips,
    aligned_energies,
    eip_energies,
    eip_names,
    reference_energies_of,
)
from eippot.errors import ConfigError, DataError
from eippot.graphs.alignment import Alignment
from eippot.graphs.references import sizes_of
from eippot.models.pretrained import load_pretrained
from eippot.processes import by_first
from eippot.properties import ENERGY, STRESS, WEAK_PREFIX, Property
from eippot.stages.blending import Blend, Share, blend
from eippot.stages.stacks import FittedStack, combination, delta, network, process
from eippot.structures.io import write_structures, write_texts

#: fewest DFT-labelled training structures that a stack is fitted to.
_LEAST: Final = 10
#: suffix of the file, beside the output, that holds a combination.
COMBINATION: Final = ".combination.json"
#: what it is called where EIPs have their names.
STACK: Final = "stack"


@dataclass(frozen=True)
class StackResult:
    """Outcome of stack.

    Attributes
    ----------
    output
        Structure file with weak labels.
    combination
        File with the combination of EIPs, for StackCalculator; None for a process.
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
    shares
        What a blend is made of; empty for other stacks.
    """

    output: Path
    combination: Path | None
    training_labels: int
    errors: dict[str, float]
    validation_labels: int
    weak_labels: int
    unlabelled: int
    largest_std: float
    shares: Mapping[str, Share]


def run(config: StackConfig, progress: bool = True) -> StackResult:
    """Fit the stack to the DFT labels, and write weak labels for structures without one.

    Parameters
    ----------
    config
        What to fit to, and how many weak labels to keep.
    progress
        Whether to show a progress bar while a network is trained.

    Raises
    ------
    EippotError
        The configuration, the data or the pretrained model cannot be used.
    """
    needs_network = config.method != "combination"
    pretrained = load_pretrained(config.pretrained if needs_network else None, None)
    if pretrained is None and config.method == "process":
        raise ConfigError(
            "Expected a run of `eippot pretrain` (`pretrained`), got none.",
            "The stack sees structures through a pretrained network: run `eippot pretrain` first, "
            "or choose `method: combination`, which needs none.",
        )
    data = prepare(
        config.data,
        config.reference_energies,
        pretrained.card.species if pretrained else None,
        in_memory=True,
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
    saved: Path | None = None
    members: dict[str, FittedStack] = {}
    if pretrained and config.method in ("process", "blend"):
        members["process"] = process(
            training, alignments, data, pretrained, config.data.neighbor_lists
        )
    if config.method != "process":
        found = fit_combination(training, names, data.species)
        saved = config.output.with_suffix(COMBINATION)
        by_first(partial(write_texts, saved, [found.model_dump_json(indent=2).encode()]))
        members["combination"] = combination(found)
        if config.method == "delta":
            members["delta"] = delta(found, training, validation, config, progress)
    if config.method == "blend":
        members |= {str(run): network(run, config.data.neighbor_lists) for run in config.runs}
        members["blend"] = blend(members, validation)
    stack = members[config.method]

    remove_labels(data.everything, WEAK_PREFIX)
    deviations = _add_weak_labels(stack, pool, config.keep)
    by_first(lambda: write_structures(config.output, data.everything))
    return StackResult(
        config.output,
        saved,
        len(training),
        _errors(stack, validation, alignments),
        len(validation),
        len(deviations),
        len(data.unlabelled),
        float(deviations.max(initial=0.0)),
        stack.shares if isinstance(stack, Blend) else {},
    )


def _complete(structures: Sequence[Atoms], names: Sequence[str]) -> list[Atoms]:
    """Structures with a label of every EIP."""
    known = np.isfinite(eip_energies(structures, names)).all(axis=1)
    return [atoms for atoms, has in zip(structures, known, strict=True) if has]


def _add_weak_labels(stack: FittedStack, pool: Sequence[Atoms], keep: float) -> np.ndarray:
    """Label the surest structures; return the deviations of these labels [eV/atom]."""
    labels = stack(pool)
    deviations = labels.deviations
    surest = np.argsort(deviations, kind="stable")[: round(keep * len(deviations))]
    for i in surest.tolist():
        found: dict[Property, float | np.ndarray] = {ENERGY: float(labels.energies[i])}
        for prop, value in labels.derivatives[i].items():
            found[prop] = stress_to_ase_voigt(value) if prop is STRESS else value
        set_weak_label(pool[i], STACK, found, std=float(deviations[i]))
    kept: np.ndarray = deviations[surest]
    return kept


def _errors(
    stack: FittedStack, validation: Sequence[Atoms], alignments: Sequence[Alignment]
) -> dict[str, float]:
    """Mean absolute error of the stack and of each EIP [eV/atom]."""
    if not validation:
        return dict.fromkeys([STACK, *(a.source for a in alignments)], float("nan"))
    aligned = aligned_energies(validation, alignments)
    predicted = {STACK: stack(validation).energies}
    predicted |= {a.source: aligned[:, p] for p, a in enumerate(alignments)}
    reference, sizes = reference_energies_of(validation), sizes_of(validation)
    return {
        name: float(np.mean(np.abs(energies - reference) / sizes))
        for name, energies in predicted.items()
    }
