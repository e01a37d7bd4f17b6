"""Presets: which DFT labels are shown, and what settings all strategies share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.accuracy.pipeline import Settings, merged

#: as many steps as it takes.
_TRAINING: Final = {"steps": 3000, "patience": 10000, "schedule": {"rate": 3.0e-3}}
_WITH_FORCES: Final = {"kernel": "huber", "weights": {"forces": 1.0}}
_WITHOUT_FORCES: Final = {"loss": {"weights": {"forces": 0.0}}}
#: radial functions as wide as these keep forces smooth where structures are few
_MODEL: Final = {"schnet": {"radial_functions": 12}}
_OURS: Final[dict[str, dict[str, Any]]] = {
    "pretrain": {
        "alignment": "affine",
        "loss": _WITH_FORCES,
        "training": _TRAINING | {"steps": 10000},
    },
    "classify": {"alignment": "affine", "training": {"steps": 3000, "patience": 10000}},
    "stack": {"delta": _WITH_FORCES | {"training": _TRAINING}},
    "finetune": {"loss": _WITH_FORCES | {"weak": {"weight": 0.1}}, "training": _TRAINING},
    # a network that knows the EIPs already forgets less of them in smaller steps, and has
    # learnt forces of them
    "finetune pretrained": {
        "loss": {"weights": {"forces": 0.1}},
        "training": {"schedule": {"rate": 1.0e-3}},
    },
}
_PUBLISHED: Final = {
    "pretrain": {"training": {"steps": 10000, "patience": 10000}},
    "classify": {"training": {"steps": 3000, "patience": 10000}},
    "finetune": {"training": {"steps": 4000, "patience": 10000}},
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
    by_stage
        What differs from the templates.
    by_model
        What differs from an architecture's options.
    """

    title: str
    template: str
    with_forces: bool
    least: int
    by_stage: Mapping[str, Settings]
    by_model: Mapping[str, Settings]

    def settings(self, model: str) -> Mapping[str, Settings]:
        """By stage, what differs from its template."""
        one = {"model": self.by_model.get(model, {})}
        all_stages = {"pretrain": one, "classify": one, "finetune": one, "stack": {"delta": one}}
        return merged(all_stages, self.by_stage)


PRESETS: Final = {
    "default": Preset("", "default", True, 4000, _OURS, _MODEL),
    "energies": Preset(
        ", energies alone",
        "default",
        False,
        4000,
        merged(
            _OURS,
            {
                "finetune": _WITHOUT_FORCES,
                "finetune pretrained": _WITHOUT_FORCES,
                "stack": {"delta": _WITHOUT_FORCES["loss"]},
            },
        ),
        _MODEL,
    ),
    "paper": Preset(", as published", "paper", False, 0, _PUBLISHED, {}),
}
