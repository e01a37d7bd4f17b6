"""classify: learn which EIP to believe for each structure, and give it its weak label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from ase import Atoms
from scipy.special import softmax
from torch import nn

from eippot.config.stages import ClassifyConfig
from eippot.data.forecast import Forecast, forecast
from eippot.data.guards.findings import Finding
from eippot.data.labels import aligned_labels, remove_labels, set_weak_label
from eippot.data.loaders import training_loader, validation_loader
from eippot.data.preparation import PreparedData, average_neighbors, prepare
from eippot.data.sources import (
    NONE_CLASS,
    align_eips,
    eip_energies,
    eip_names,
    eip_sources,
    true_classes,
)
from eippot.data.store import GraphStore, build_graphs
from eippot.errors import DataError
from eippot.graphs.alignment import Alignment
from eippot.models.pretrained import load_pretrained, model_config
from eippot.models.saved import ModelCard, build_classifier, save_model
from eippot.processes import by_first
from eippot.properties import WEAK_PREFIX
from eippot.structures.choosing import joined
from eippot.structures.io import has_reference_energy, write_structures
from eippot.training.calibration import Calibration, calibrate
from eippot.training.centering import center_layers
from eippot.training.fit import FitResult, fit, seed_everything
from eippot.training.logs import require_loggers
from eippot.training.objectives import ClassifierObjective, class_logits
from eippot.training.run_directory import start_run, write_summary


@dataclass(frozen=True)
class ClassifyResult:
    """Outcome of classify.

    Attributes
    ----------
    output
        Structure file with weak labels.
    directory
        Run directory of the classifier.
    fit
        Validation accuracy, epochs and time.
    alignments
        How each EIP was brought to the DFT scale.
    classes
        Names of the classes: the EIPs, and "none".
    confusion
        ``(classes, classes)`` validation structures of each true (row) and predicted class.
    calibration
        Temperature of the probabilities, and how far they are from coming true.
    usage
        How many structures without a DFT label each class was chosen for.
    below_threshold
        How many of those with the class "none" have it because no class was probable enough.
    forecast
        How much of DFT the EIPs know; None where there are too few DFT labels.
    findings
        What is doubtful about the DFT labels.
    """

    output: Path
    directory: Path
    fit: FitResult
    alignments: list[Alignment]
    classes: list[str]
    confusion: np.ndarray = field(repr=False)
    calibration: Calibration
    usage: dict[str, int]
    below_threshold: int
    forecast: Forecast | None
    findings: tuple[Finding, ...]


def run(config: ClassifyConfig, progress: bool = True) -> ClassifyResult:
    """Train the classifier, and write weak labels for structures without a DFT label.

    Parameters
    ----------
    config
        What to train on, and how.
    progress
        Whether to show a progress bar.

    Raises
    ------
    EippotError
        The configuration, the data or the pretrained model cannot be used.
    """
    require_loggers(config.training.loggers)
    pretrained = load_pretrained(config.pretrained, config.model)
    data = prepare(
        config.data, config.reference_energies, pretrained.card.species if pretrained else None
    )
    names = eip_names(data.everything, config.eips)
    alignments = align_eips(data.training, names, data.species, config.alignment)
    architecture = model_config(pretrained, config.model)
    graphs = _graphs(config, data, alignments, architecture.cutoff)
    start_run(config.run, config)
    seed_everything(config.training)

    card = ModelCard(
        kind="classifier",
        model=architecture,
        species=tuple(data.species),
        reference_energies=data.reference_energies,
        average_neighbors=pretrained.card.average_neighbors
        if pretrained
        else average_neighbors(graphs["training"]),
        scale=1.0,
        outputs=(*names, NONE_CLASS),
        dtype=config.training.precision,
        provenance=data.provenance()
        | {
            "eips": eip_sources(data.everything, names),
            "alignments": [alignment.model_dump() for alignment in alignments],
        },
    )
    model = build_classifier(card)
    if pretrained:
        pretrained.start(model)
    else:
        center_layers(model, graphs["training"])
    result = fit(
        model,
        ClassifierObjective(),
        training_loader(graphs["training"], config.training),
        validation_loader(graphs["validation"]),
        config.training,
        config.run,
        progress,
    )
    logits = _logits(model, graphs["validation"])
    classes = graphs["validation"].column("true_class").numpy()
    confusion, calibration = _confusion(logits, classes), calibrate(logits, classes)
    card = card.model_copy(update={"temperature": calibration.temperature})
    by_first(lambda: save_model(config.run, card, model))
    probabilities = softmax(_logits(model, graphs["unlabelled"]) / calibration.temperature, axis=1)
    choice = _choose(probabilities, data.unlabelled, alignments, config.threshold)
    augmented = _augmented(data.everything, alignments, choice)
    by_first(lambda: write_structures(config.output, augmented))
    usage, below = choice.usage(alignments), choice.below
    known = forecast(data.training, alignments)
    summary: dict[str, object] = {
        "forecast": asdict(known) if known else None,
        "calibration": asdict(calibration),
        "confusion": confusion.tolist(),
        "usage": usage,
        "below_threshold": below,
    }
    summary = result.as_summary() | card.provenance | summary | data.warnings()
    by_first(lambda: write_summary(config.run, summary))
    return ClassifyResult(
        config.output,
        config.run,
        result,
        alignments,
        list(card.outputs),
        confusion,
        calibration,
        usage,
        below,
        known,
        data.findings,
    )


def _graphs(
    config: ClassifyConfig, data: PreparedData, alignments: list[Alignment], cutoff: float
) -> dict[str, GraphStore]:
    """Graphs of each part; those with a DFT label carry their true class."""
    dtype = getattr(torch, config.training.precision)
    parts = {
        "training": data.training,
        "validation": data.validation,
        "unlabelled": data.unlabelled,
    }
    graphs = build_graphs(
        joined(*parts.values()),
        data.species,
        cutoff,
        dtype,
        neighbor_lists=config.data.neighbor_lists,
        scratch=config.run,
    )
    stores = dict(zip(parts, graphs.split(map(len, parts.values())), strict=True))
    for name in ("training", "validation"):
        classes = true_classes(parts[name], alignments, config.cutoff_per_atom)
        if name == "training" and (classes == len(alignments)).all():
            raise DataError(
                f"Expected an EIP within {config.cutoff_per_atom:g} eV/atom of DFT for some "
                f"training structure, got none for all {len(classes)}.",
                "EIPs and DFT have different zeros of energy: `alignment: offset` or `affine` "
                "brings them together; or raise `cutoff_per_atom`.",
            )
        stores[name] = stores[name].with_label("true_class", torch.from_numpy(classes))
    return stores


def _logits(model: nn.Module, graphs: GraphStore) -> np.ndarray:
    """Scores ``(structures, classes)`` of each class, float64."""
    if len(graphs) == 0:
        return np.zeros((0, 1))
    with torch.no_grad():
        logits = [class_logits(model, batch) for batch in validation_loader(graphs)]
    scores: np.ndarray = torch.cat(logits).double().numpy()
    return scores


def _confusion(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    count = logits.shape[1]
    confusion = np.zeros((count, count), dtype=int)
    np.add.at(confusion, (classes, logits.argmax(axis=1)), 1)
    return confusion


class _Choice(NamedTuple):
    """Which EIP to believe for each structure without a DFT label.

    Attributes
    ----------
    best, probability
        ``(m,)``: index of the EIP, or P ("none"), and how probable it is.
    below
        How often it is "none" because no EIP reached the threshold.
    """

    best: np.ndarray
    probability: np.ndarray
    below: int

    def usage(self, alignments: list[Alignment]) -> dict[str, int]:
        """How often each class was chosen."""
        names = [*(alignment.source for alignment in alignments), NONE_CLASS]
        counts = np.bincount(self.best, minlength=len(names)).tolist()
        return dict(zip(names, counts, strict=True))


def _choose(
    probabilities: np.ndarray,
    structures: Sequence[Atoms],
    alignments: list[Alignment],
    threshold: float,
) -> _Choice:
    """Take the most probable class; an EIP that has no label for a structure cannot be chosen."""
    if not structures:
        return _Choice(np.zeros(0, dtype=np.int64), np.zeros(0), 0)
    energies = eip_energies(structures, [alignment.source for alignment in alignments])
    probabilities[:, :-1][~np.isfinite(energies)] = 0.0
    best = probabilities.argmax(axis=1)
    probability = probabilities[np.arange(len(best)), best]
    unsure = (best < len(alignments)) & (probability < threshold)
    best[unsure] = len(alignments)
    return _Choice(best, probability, int(unsure.sum()))


def _augmented(
    structures: Sequence[Atoms], alignments: list[Alignment], choice: _Choice
) -> Iterator[Atoms]:
    """All structures; those without a DFT label with the aligned labels of the chosen EIP."""
    choices = zip(choice.best.tolist(), choice.probability.tolist(), strict=True)
    for atoms in structures:
        remove_labels([atoms], WEAK_PREFIX)
        if not has_reference_energy(atoms):
            best, probability = next(choices)
            is_known = best < len(alignments)
            labels = aligned_labels(atoms, alignments[best]) if is_known else {}
            name = alignments[best].source if is_known else NONE_CLASS
            set_weak_label(atoms, name, labels, probability=probability)
        yield atoms
