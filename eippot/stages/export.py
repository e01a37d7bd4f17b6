"""export: one file that ASE and LAMMPS run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from eippot.config.deployment import ExportConfig
from eippot.deployment.exported import ExportedModel, Metadata
from eippot.deployment.files import write_exported
from eippot.deployment.self_test import self_test_inputs
from eippot.errors import ModelError
from eippot.models.potential import Potential
from eippot.models.saved import load_model
from eippot.version import __version__

CITATION = (
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
    """Export a trained potential.

    Parameters
    ----------
    config
        Run directory and target.

    Raises
    ------
    ModelError
        The run directory holds no potential, or the file cannot be written.
    """
    card, model = load_model(config.run)
    if card.kind != "potential" or not isinstance(model, Potential):
        raise ModelError(
            f"Expected a run of `eippot finetune` in {config.run}, got one whose model is of the "
            f"kind `{card.kind}`.",
            "Give the run directory of `eippot finetune`.",
        )
    precision = config.precision or card.dtype
    metadata = Metadata(
        architecture=card.model.architecture,
        species=list(card.species),
        cutoff=model.representation.cutoff,
        interaction_range=model.representation.interaction_range,
        n_exchanges=model.representation.n_exchanges,
        dtype=precision,
        eippot_version=__version__,
        citation=CITATION,
    )
    references = [card.reference_energies[symbol] for symbol in card.species]
    exported = ExportedModel(
        model.to(getattr(torch, precision)),
        torch.tensor(references, dtype=torch.float64),
        metadata,
    )
    for weight in exported.parameters():
        weight.requires_grad_(False)
    exported.set_self_test(*self_test_inputs(metadata.species, metadata.cutoff))
    write_exported(exported, metadata, config.output)
    return ExportResult(config.output, metadata)
