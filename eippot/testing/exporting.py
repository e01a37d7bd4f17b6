"""A potential with random weights as ``eippot export`` would write it."""

from __future__ import annotations

import torch

from eippot.deployment.exported import ExportedModel, Metadata
from eippot.deployment.self_test import self_test_inputs
from eippot.models.potential import Potential
from eippot.testing.structures import REFERENCE_ENERGIES, SPECIES
from eippot.version import __version__


def exported_model(potential: Potential, architecture: str) -> tuple[ExportedModel, Metadata]:
    """Wrap a potential of SPECIES, with reference energies and a self-test."""
    representation = potential.representation
    metadata = Metadata(
        architecture=architecture,
        species=list(SPECIES),
        cutoff=representation.cutoff,
        interaction_range=representation.interaction_range,
        n_exchanges=representation.n_exchanges,
        dtype=str(potential.scale.dtype).removeprefix("torch."),
        eippot_version=__version__,
        citation=representation.citation,
    )
    references = torch.tensor([REFERENCE_ENERGIES[s] for s in SPECIES], dtype=torch.float64)
    model = ExportedModel(potential, references, metadata)
    model.set_self_test(*self_test_inputs(SPECIES, representation.cutoff))
    return model, metadata
