"""Presets: which DFT labels are shown, and what settings all strategies share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.accuracy.settings import Settings

#: the templates are what we recommend, and this is what they and the recipe say of networks that
#: are new, and of those that learn labels of a blend, which are good ones, and thousands.
_OURS: Final[dict[str, Settings]] = {
    "finetune anew": {
        "loss": {"weights": {"forces": 1.0}},
        "training": {"schedule": {"rate": 3.0e-3}},
    },
    "finetune taught": {
        "loss": {"weak": {"weight": 1.0, "kernel": "huber"}},
        "training": {"steps": 8000},
    },
}


def _steps(number: int) -> dict[str, object]:
    return {"training": {"steps": number, "epochs": None, "patience": None}}


#: as many steps as it takes: most of a batch are weak labels, where there are any. Sets have zeros
#: of energy of their own.
_PUBLISHED: Final = {
    "pretrain": _steps(10000),
    "classify": _steps(3000) | {"alignment": "offset"},
    "finetune": _steps(4000),
    "finetune weak": _steps(12000),
}


@dataclass(frozen=True)
class Preset:
    """What all strategies have in common.

    Attributes
    ----------
    title
        What tables add to theirs.
    template
        Of all stages: ``default`` or ``paper``.
    with_forces
        Whether forces and stress of DFT are shown; those of EIPs always are.
    least
        Training structures are so many at least, with perturbed copies of them.
    settings
        By stage, what differs from the templates.
    """

    title: str
    template: str
    with_forces: bool
    least: int
    settings: Mapping[str, Settings]


PRESETS: Final = {
    "default": Preset("", "default", True, 4000, _OURS),
    "energies": Preset(", energies alone", "default", False, 4000, _OURS),
    "paper": Preset(", as published", "paper", False, 0, _PUBLISHED),
}
