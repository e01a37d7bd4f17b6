"""Potentials with random weights as ``eippot export`` would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from eippot.deployment.exported import ExportedModel, Metadata, OpenedModel
from eippot.deployment.files import open_exported, write_exported
from eippot.deployment.self_test import self_test_inputs
from eippot.models.committee import Committee
from eippot.models.potential import Potential
from eippot.testing.structures import REFERENCE_ENERGIES
from eippot.version import __version__


def exported_model(
    potentials: Sequence[Potential],
    architecture: str,
    bins: int = 0,
    reference_energies: Mapping[str, float] = REFERENCE_ENERGIES,
) -> tuple[ExportedModel, Metadata]:
    """Wrap potentials, with reference energies and a self-test.

    Parameters
    ----------
    potentials
        One potential with one head, or the members of a committee.
    architecture
        Its name.
    bins
        Pieces of the tables of a compressed model; 0 for one that is not compressed.
    reference_energies
        Of isolated atoms [eV], by chemical symbol, in the order of species indices.
    """
    if bins:
        dtype = potentials[0].scale.dtype
        tables = [deepcopy(potential).double().tabulated(bins) for potential in potentials]
        potentials = [potential.to(dtype) for potential in tables]
    representation = potentials[0].representation
    metadata = Metadata(
        architecture=architecture,
        species=list(reference_energies),
        cutoff=representation.cutoff,
        interaction_range=representation.interaction_range,
        ghost_range=representation.ghost_range,
        n_exchanges=len(potentials) * representation.n_exchanges,
        dtype=str(potentials[0].scale.dtype).removeprefix("torch."),
        eippot_version=__version__,
        citation=representation.citation,
        n_members=len(potentials),
        table_bins=bins,
    )
    references = torch.tensor(list(reference_energies.values()), dtype=torch.float64)
    potential = potentials[0] if len(potentials) == 1 else Committee(potentials)
    model = ExportedModel(potential, references, metadata)
    model.set_self_test(*self_test_inputs(metadata.species, metadata.cutoff))
    return model, metadata


def reopened(model: ExportedModel, metadata: Metadata) -> OpenedModel:
    """Write the file, and open it as engines do."""
    with TemporaryDirectory() as folder:
        write_exported(model, metadata, Path(folder) / "model.pt")
        return open_exported(Path(folder) / "model.pt")[0]
