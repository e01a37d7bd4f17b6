"""finetune: the potential, from DFT labels and, where there are any, weak labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from ase import Atoms

from eippot.config.loss import PotentialLossConfig, PretrainLossConfig
from eippot.config.stages import FinetuneConfig
from eippot.data.guards.findings import Finding
from eippot.data.labels import Labels, labels_of
from eippot.data.loaders import training_loader, validation_loader
from eippot.data.preparation import PreparedData, average_neighbors, energy_scale, prepare
from eippot.data.sources import eip_sources
from eippot.data.store import GraphStore, build_graphs
from eippot.data.subsets import shown_to_members
from eippot.errors import DataError
from eippot.losses.terms import (
    REFERENCE,
    WEAK,
    WEAK_ERROR,
    PotentialLoss,
    PretrainLoss,
    weighted_properties,
)
from eippot.models.pretrained import Pretrained, load_pretrained, model_config
from eippot.models.saved import ModelCard, build_potential, save_model
from eippot.processes import by_first
from eippot.properties import ENERGY, FORCES, STRESS, reference_key, weak_key
from eippot.stages.anchoring import anchors_of, without_anchors
from eippot.structures.choosing import have, joined
from eippot.structures.io import has_reference_energy
from eippot.training.anchored import AnchoredObjective
from eippot.training.centering import center_layers
from eippot.training.fit import FitResult, fit, seed_everything
from eippot.training.head_start import combine_heads
from eippot.training.logs import require_loggers
from eippot.training.neighborhoods import training_neighborhoods
from eippot.training.objectives import CommitteeObjective, Objective, PotentialObjective
from eippot.training.run_directory import start_run, write_summary


@dataclass(frozen=True)
class FinetuneResult:
    """Outcome of finetune.

    Attributes
    ----------
    directory
        The run directory.
    fit
        Validation errors, epochs and time.
    label_counts
        Structures with each label in the file.
    training_labels, validation_labels, weak_labels
        Structures of each kind that were used.
    reference_energies
        Energy of the isolated atom of each species [eV].
    findings
        What is doubtful about the DFT labels.
    """

    directory: Path
    fit: FitResult
    label_counts: dict[str, int]
    training_labels: int
    validation_labels: int
    weak_labels: int
    reference_energies: dict[str, float]
    findings: tuple[Finding, ...]


def run(config: FinetuneConfig, progress: bool = True) -> FinetuneResult:
    """Train a potential.

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
    if len(data.training) < config.committee:
        raise DataError(
            f"Expected at least {config.committee} DFT-labelled training structures for a "
            f"committee of {config.committee}, got {len(data.training)}.",
            "Each member is kept from another share of them: make the committee smaller.",
        )
    anchors = anchors_of(config, pretrained)
    weak = data.weak if config.use_weak_labels else []
    audited = bool(have(weak, WEAK_ERROR).any())
    others = anchors.holding(data.unlabelled) if anchors else weak
    start_run(config.output, config)
    seed_everything(config.training)

    dtype = getattr(torch, config.training.precision)
    architecture = model_config(pretrained, config.model)
    graphs = build_graphs(
        joined(data.training, others, data.validation),
        data.species,
        architecture.cutoff,
        dtype,
        lambda atoms: (
            _labels(atoms, data.reference_energies, config)
            | (anchors.labels(atoms) if anchors else {})
            | (_error(atoms) if audited else {})
        ),
        config.data.neighbor_lists,
        config.output,
    )
    sizes = len(data.training), len(others)
    learnt, validation = graphs.split([sum(sizes), len(data.validation)])
    if config.committee > 1:
        parts = [shown_to_members(n, config.committee, config.training.seed) for n in sizes]
        learnt = learnt.with_label("shown", torch.cat(parts))
    training = learnt.subset(range(len(data.training)))
    card = ModelCard(
        kind="potential",
        model=architecture,
        species=tuple(data.species),
        reference_energies=data.reference_energies,
        average_neighbors=pretrained.card.average_neighbors
        if pretrained
        else average_neighbors(training),
        scale=energy_scale(data.relative_energies_per_atom()),
        outputs=_outputs(config.committee),
        dtype=config.training.precision,
        provenance=data.provenance()
        | {
            "weak_labels": len(weak),
            "pretrained": str(config.pretrained) if config.pretrained else None,
            "eips": _eips(pretrained, data.everything if weak else []),
        },
    )
    model = build_potential(anchors.with_heads(card) if anchors else card)
    if pretrained:
        pretrained.start(model)
        if config.head == "combination":
            combine_heads(
                model,
                pretrained.potential.to(dtype),
                _shown_to_each(training, config.committee),
                weighted_properties(config.loss.weights),
            )
    else:
        center_layers(model, learnt)

    loss = PotentialLoss(_learnable(config.loss, data, weak), _weak_weight(config, data, weak))
    result = fit(
        model,
        _objective(config, loss),
        training_loader(
            learnt, config.training, len(data.training), config.loss.weak.reference_share
        ),
        validation_loader(validation),
        config.training,
        config.output,
        progress,
    )
    trained = without_anchors(model, card) if anchors else model
    trained.neighborhoods = training_neighborhoods(trained, training)
    counts = data.label_counts()
    summary = result.as_summary() | {"labels_in_file": counts} | card.provenance | data.warnings()
    by_first(lambda: save_model(config.output, card, trained))
    by_first(lambda: write_summary(config.output, summary))
    return FinetuneResult(
        config.output,
        result,
        counts,
        len(data.training),
        len(data.validation),
        len(weak),
        data.reference_energies,
        data.findings,
    )


def _eips(
    pretrained: Pretrained | None, weakly_labelled: Sequence[Atoms]
) -> dict[str, str | None] | None:
    """Sources of the EIPs behind the pretraining and the weak labels, as far as they are known."""
    known = pretrained.card.eips if pretrained else {}
    return None if known is None else known | eip_sources(weakly_labelled)


def _objective(config: FinetuneConfig, loss: PotentialLoss) -> Objective:
    """What is asked of one head, of a committee, or of one that is anchored."""
    if config.anchor:
        return AnchoredObjective(
            loss, PretrainLoss(PretrainLossConfig(weights=config.loss.weights)), config.anchor
        )
    return PotentialObjective(loss) if config.committee == 1 else CommitteeObjective(loss)


def _learnable(
    loss: PotentialLossConfig, data: PreparedData, weak: Sequence[Atoms]
) -> PotentialLossConfig:
    """Without weights of what no structure is labelled with, whose derivatives cost time."""
    if not loss.weights.energy:
        return loss
    dft = joined(data.training, data.validation)
    unknown = {
        prop.name: 0.0
        for prop in (FORCES, STRESS)
        if not have(dft, reference_key(prop)).any() and not have(weak, weak_key(prop)).any()
    }
    return loss.model_copy(update={"weights": loss.weights.model_copy(update=unknown)})


def _labels(atoms: Atoms, references: dict[str, float], config: FinetuneConfig) -> Labels:
    """Reference and weak labels; those that a structure does not have are NaN.

    A structure with a DFT energy needs no weak label: should it have one, it is left out.
    """
    reference = labels_of(atoms, REFERENCE, reference_key, references)
    if not config.use_weak_labels:
        return reference
    weak = labels_of(atoms, WEAK, weak_key, references)
    if has_reference_energy(atoms):
        weak = {name: torch.full_like(label, torch.nan) for name, label in weak.items()}
    if not config.loss.weak.forces:
        weak = {name: label for name, label in weak.items() if name == f"{WEAK}_{ENERGY.name}"}
    return reference | weak


def _error(atoms: Atoms) -> Labels:
    """How far the weak energy is from DFT, for the log; NaN where that is not known."""
    error = float(atoms.info.get(WEAK_ERROR, torch.nan))
    return {WEAK_ERROR: torch.tensor([error], dtype=torch.float64)}


def _outputs(members: int) -> tuple[str, ...]:
    """Names of the heads."""
    return ("dft",) if members == 1 else tuple(f"dft_{k + 1}" for k in range(members))


def _shown_to_each(graphs: GraphStore, members: int) -> list[GraphStore]:
    """The structures that each member learns from."""
    if members == 1:
        return [graphs]
    return [graphs.subset(shown.nonzero()[:, 0].tolist()) for shown in graphs.column("shown").T]


def _weak_weight(config: FinetuneConfig, data: PreparedData, weak: Sequence[Atoms]) -> float:
    """Weight α of the weak labels, or α·m/s."""
    ratio = len(data.training) / len(weak) if weak and config.loss.weak.scale_by_counts else 1.0
    return config.loss.weak.weight * ratio
