"""export: one file that ASE and LAMMPS run, of one potential or of a committee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from eippot.config.deployment import ExportConfig
from eippot.deployment.compression import compress
from eippot.deployment.exported import UNKNOWN_EIPS, ExportedModel, Metadata
from eippot.deployment.files import write_exported
from eippot.deployment.self_test import self_test_inputs
from eippot.errors import ModelError
from eippot.models.base import Representation
from eippot.models.committee import Committee
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, load_model
from eippot.version import __version__

METHOD = (
    "Z. Shui, D. S. Karls, M. Wen, I. A. Nikiforov, E. B. Tadmor, G. Karypis, Injecting Domain "
    "Knowledge from Empirical Interatomic Potentials to Neural Networks for Predicting Material "
    "Properties, NeurIPS 2022, arXiv:2210.08047"
)


@dataclass(frozen=True)
class ExportResult:
    """Outcome of export.

    Attributes
    ----------
    path
        The exported file.
    metadata
        What it says of itself.
    """

    path: Path
    metadata: Metadata


def run(config: ExportConfig) -> ExportResult:
    """Export a trained potential, or several as a committee.

    Parameters
    ----------
    config
        Run directories and target.

    Raises
    ------
    ModelError
        A run directory holds no potential, members do not fit together, or the file cannot be
        written.
    """
    exported, metadata = assemble(config.runs, config.precision, config.compress)
    exported.set_self_test(*self_test_inputs(metadata.species, metadata.cutoff))
    write_exported(exported, metadata, config.output)
    return ExportResult(config.output, metadata)


def assemble(
    runs: Sequence[Path], precision: str | None = None, compressed: bool = False
) -> tuple[ExportedModel, Metadata]:
    """The model of an exported file, which has not been tested or written yet.

    Parameters
    ----------
    runs, precision, compressed
        See ExportConfig.

    Raises
    ------
    ModelError
        A run directory holds no potential, or members do not fit together.
    """
    loaded = [_load_potential(directory) for directory in runs]
    cards, potentials = [card for card, _ in loaded], [potential for _, potential in loaded]
    _check_alike("species", runs, [", ".join(card.species) for card in cards])
    _check_alike("cutoff", runs, [f"{p.representation.cutoff:g} Å" for p in potentials])
    members = [card for card in cards for _ in card.outputs]
    metadata = _metadata(members, potentials, precision)
    potential: Potential | Committee = (
        potentials[0] if len(potentials) == 1 else Committee(potentials)
    )
    if compressed:
        potential, compression = compress(potential, metadata.species, metadata.cutoff)
        metadata = replace(
            metadata,
            table_bins=compression.bins,
            table_energy_error=compression.energy_error,
            table_force_error=compression.force_error,
        )
    references = [[card.reference_energies[s] for s in metadata.species] for card in members]
    exported = ExportedModel(
        potential.to(getattr(torch, metadata.dtype)),
        torch.tensor(references, dtype=torch.float64),
        metadata,
    )
    for weight in exported.parameters():
        weight.requires_grad_(False)
    return exported, metadata


def _metadata(
    members: Sequence[ModelCard], potentials: Sequence[Potential], precision: str | None
) -> Metadata:
    """What engines have to know; a card for each member, a potential for each run."""
    representations = [potential.representation for potential in potentials]
    return Metadata(
        architecture=" + ".join(dict.fromkeys(card.model.architecture for card in members)),
        species=list(members[0].species),
        cutoff=representations[0].cutoff,
        interaction_range=max(r.interaction_range for r in representations),
        ghost_range=max(r.ghost_range for r in representations),
        n_exchanges=sum(r.n_exchanges for r in representations),
        dtype=precision or max(card.dtype for card in members),  # float64 > float32
        eippot_version=__version__,
        citation="; ".join(dict.fromkeys([METHOD, *_citations(representations)])),
        n_members=len(members),
        eips=_eips(members),
        training_neighborhoods=min(map(_training_neighborhoods, potentials)),
    )


def _training_neighborhoods(potential: Potential) -> int:
    """How many it knows of; 0 for a run of an earlier version."""
    known = potential.neighborhoods
    return 0 if known is None else int(known.counts.sum())


def _citations(representations: Sequence[Representation]) -> list[str]:
    return [r.citation for r in representations if r.citation]


def _eips(cards: Sequence[ModelCard]) -> str:
    """Sources of the EIPs that any of the members learnt from."""
    sources: list[str] = []
    for eips in (card.eips for card in cards):
        found = [None] if eips is None else eips.values()
        sources += [UNKNOWN_EIPS if source is None else source for source in found]
    return "\n".join(dict.fromkeys(sources))


def _load_potential(directory: Path) -> tuple[ModelCard, Potential]:
    card, model = load_model(directory)
    if card.kind != "potential" or not isinstance(model, Potential):
        raise ModelError(
            f"Expected a run of `eippot finetune` in {directory}, got one whose model is of the "
            f"kind `{card.kind}`.",
            "Give the run directory of `eippot finetune`.",
        )
    return card, model


def _check_alike(what: str, directories: Sequence[Path], found: Sequence[str]) -> None:
    """Members look at the same neighbors and know the same species; the rest is theirs."""
    for directory, value in zip(directories, found, strict=True):
        if value != found[0]:
            raise ModelError(
                f"Expected members of one {what}, got {found[0]} in {directories[0]} and {value} "
                f"in {directory}.",
                f"Train the members of a committee with the same {what}.",
            )
