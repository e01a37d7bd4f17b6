"""Which structures a training stage uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from eippot.config.base import Config
from eippot.properties import LabelName

LabelKeys = Annotated[
    dict[LabelName, str],
    Field(
        description="Where DFT labels stand if not under REF_…, e.g. {energy: dft_energy}; what is "
        "left out is found out.",
    ),
]


class DataConfig(Config):
    """Structures of a training stage, and how those with a DFT label are split."""

    structures: Path = Field(
        description="Structure file or store; the labels it needs depend on the stage."
    )
    validation: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="Share of the DFT-labelled structures kept for validation. With the same share "
        "and seed in every stage, they stay unseen in all of them.",
    )
    validation_structures: Path | None = Field(
        None,
        description="File of DFT-labelled structures for validation, instead of a share of "
        "`structures`, all of whose DFT labels are then trained on.",
    )
    keys: LabelKeys = Field(default_factory=dict)
    seed: int = Field(0, ge=0, description="Seed of the split.")
    neighbor_lists: Path | None = Field(
        None,
        description="Folder in which neighbor lists are kept: other trainings on the same "
        "structures use them again, and they may be larger than memory. null to keep none.",
    )


class ReferenceConfig(Config):
    """The zero of energy of each element."""

    reference_energies: dict[str, float] = Field(
        default_factory=dict,
        description="Energy of the isolated atom by symbol [eV]. Elements that are missing here "
        "are taken from labelled isolated atoms, else fitted.",
    )
