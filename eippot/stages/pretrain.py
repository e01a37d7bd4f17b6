"""pretrain: one representation, one energy head per EIP (multi-task pretraining)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ase import Atoms

from eippot.config.stages import PretrainConfig
from eippot.data.guards.findings import Finding
from eippot.data.labels import eip_labels_of
from eippot.data.loaders import training_loader, validation_loader
from eippot.data.preparation import average_neighbors, energy_scale, prepare
from eippot.data.sources import align_eips, eip_energies, eip_names, eip_sources
from eippot.data.store import build_graphs
from eippot.errors import DataError
from eippot.graphs.alignment import Alignment
from eippot.losses.terms import PretrainLoss
from eippot.models.saved import ModelCard, build_potential, save_model
from eippot.processes import by_first
from eippot.structures.choosing import where
from eippot.structures.splits import split_indices
from eippot.training.centering import center_layers
from eippot.training.fit import FitResult, fit, seed_everything
from eippot.training.logs import require_loggers
from eippot.training.objectives import PretrainObjective
from eippot.training.run_directory import start_run, write_summary


@dataclass(frozen=True)
class PretrainResult:
    """Outcome of pretrain.

    Attributes
    ----------
    directory
        The run directory.
    fit
        Validation errors against the EIPs, epochs and time.
    alignments
        How each EIP was brought to the DFT scale.
    structures
        Structures that were used, those for validation included.
    findings
        What is doubtful about the DFT labels.
    """

    directory: Path
    fit: FitResult
    alignments: list[Alignment]
    structures: int
    findings: tuple[Finding, ...]


def run(config: PretrainConfig, progress: bool = True) -> PretrainResult:
    """Train a representation on the labels of all EIPs.

    DFT labels are used for the alignment only.

    Parameters
    ----------
    config
        What to train on, and how.
    progress
        Whether to show a progress bar.

    Raises
    ------
    EippotError
        The configuration or the data cannot be used.
    """
    require_loggers(config.training.loggers)
    data = prepare(
        config.data, config.reference_energies, require_labels=config.alignment != "none"
    )
    names = eip_names(data.everything, config.eips)
    alignments = align_eips(data.training, names, data.species, config.alignment)
    usable = _with_eip_label(data.everything, names)
    zero = data.reference_energies
    if config.alignment == "none":  # EIP energies as they are: zero for isolated atoms
        zero = dict.fromkeys(data.species, 0.0)
    start_run(config.output, config)
    seed_everything(config.training)

    dtype = getattr(torch, config.training.precision)
    graphs = build_graphs(
        usable,
        data.species,
        config.model.cutoff,
        dtype,
        lambda atoms: eip_labels_of(atoms, alignments, zero),
        config.data.neighbor_lists,
        config.output,
    )
    held_out, kept = split_indices(len(graphs), [config.eip_validation], config.data.seed)
    training = graphs.subset(kept)
    card = ModelCard(
        kind="pretrained",
        model=config.model,
        species=tuple(data.species),
        reference_energies=zero,
        average_neighbors=average_neighbors(training),
        scale=energy_scale(
            (training.column("eip_energy") / training.n_atoms[:, None]).double().numpy()
        ),
        outputs=tuple(names),
        dtype=config.training.precision,
        provenance=data.provenance()
        | {
            "pretraining_structures": len(usable),
            "eips": eip_sources(data.everything, names),
            "alignments": [alignment.model_dump() for alignment in alignments],
        },
    )
    model = build_potential(card)
    center_layers(model, training)
    result = fit(
        model,
        PretrainObjective(PretrainLoss(config.loss)),
        training_loader(training, config.training),
        validation_loader(graphs.subset(held_out)),
        config.training,
        config.output,
        progress,
    )
    summary = result.as_summary() | card.provenance | data.warnings()
    by_first(lambda: save_model(config.output, card, model))
    by_first(lambda: write_summary(config.output, summary))
    return PretrainResult(config.output, result, alignments, len(usable), data.findings)


def _with_eip_label(structures: Sequence[Atoms], names: list[str]) -> Sequence[Atoms]:
    usable = where(structures, np.isfinite(eip_energies(structures, names)).any(axis=1))
    if len(usable) < 2:
        raise DataError(f"Expected at least 2 structures with an EIP label, got {len(usable)}.")
    return usable
