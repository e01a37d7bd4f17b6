"""Strategies: what is learnt from besides the DFT labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from ase import Atoms

from benchmarks.accuracy.pipeline import (
    Pipeline,
    Settings,
    energy_errors,
    merged,
    validation_score,
)
from benchmarks.accuracy.revealed import TELLERS
from eippot.data.combination import fit_combination
from eippot.data.forecast import forecast
from eippot.data.sources import align_eips, aligned_energies, eip_names, reference_energies_of
from eippot.graphs.references import sizes_of
from eippot.graphs.species import species_of
from eippot.properties import FORCES, reference_key
from eippot.structures.io import has_reference_energy
from eippot.units import MEV_PER_EV

Errors = dict[str, float]

#: as many steps as it takes.
_TRAINING: Final = {"steps": 3000, "patience": 10000, "schedule": {"rate": 3.0e-3}}
_WITH_FORCES: Final = {"kernel": "huber", "weights": {"forces": 1.0}}
#: radial functions as wide as these keep forces smooth where structures are few
_MODEL: Final = {"schnet": {"radial_functions": 12}}
#: what differs from the templates, for all strategies alike, by preset and stage.
SETTINGS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "default": {
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
    },
    "paper": {
        "pretrain": {"training": {"steps": 10000, "patience": 10000}},
        "classify": {"training": {"steps": 3000, "patience": 10000}},
        "finetune": {"training": {"steps": 4000, "patience": 10000}},
    },
}


def settings_of(preset: str, model: str) -> dict[str, dict[str, Any]]:
    """By stage, what differs from its template."""
    chosen = {"model": _MODEL.get(model, {}) if preset == "default" else {}}
    both = {"pretrain": chosen, "classify": chosen, "finetune": chosen, "stack": {"delta": chosen}}
    return merged(both, SETTINGS[preset])


def best_eip(pipeline: Pipeline) -> Errors:
    """The aligned EIP that is best on the validation structures."""
    training, validation, test = pipeline.division.structures()
    names, species = eip_names(training), species_of(training)
    alignments = align_eips(_labelled(training), names, species, "affine")

    def off(structures: list[Atoms]) -> np.ndarray:
        reference = reference_energies_of(structures)[:, None]
        wrong: np.ndarray = aligned_energies(structures, alignments) - reference
        wrong /= sizes_of(structures)[:, None]
        return wrong

    chosen = int(np.nanargmin(np.nanmean(np.abs(off(validation)), axis=0)))
    return energy_errors(off(test)[:, chosen], sizes_of(test))


def combination(pipeline: Pipeline) -> Errors:
    """The linear combination of all EIPs, and how much of DFT it says that it knows."""
    training, _, test = pipeline.division.structures()
    known, names, species = _labelled(training), eip_names(training), species_of(training)
    found = fit_combination(known, names, species)
    expected = forecast(known, align_eips(known, names, species, "affine"))
    assert expected is not None
    off = (found.energies(test) - reference_energies_of(test)) / sizes_of(test)
    forces = np.concatenate(
        [
            (found.derivatives(atoms)[FORCES] - atoms.arrays[reference_key(FORCES)]).ravel()
            for atoms in test
        ]
    )
    more = {"forces_mae": MEV_PER_EV * float(np.abs(forces).mean())}
    more |= {"spread": MEV_PER_EV * expected.spread, "known": expected.known}
    return energy_errors(off, sizes_of(test)) | more


def _labelled(structures: list[Atoms]) -> list[Atoms]:
    return [atoms for atoms in structures if has_reference_energy(atoms)]


@dataclass(frozen=True)
class Trained:
    """A network that is trained.

    Attributes
    ----------
    pretrained
        Whether on EIP labels first.
    weak
        Where weak labels come from; None without any.
    other
        Settings of finetune that are its own.
    """

    pretrained: bool
    weak: str | None = None
    other: Settings = field(default_factory=dict)

    def __call__(self, pipeline: Pipeline) -> Errors:
        """Its errors."""
        return pipeline.errors(self.run(pipeline))

    def run(self, pipeline: Pipeline) -> Path:
        """Its run directory."""
        start = pipeline.pretrained() if self.pretrained else None
        labels = None
        if self.weak == "classifier":
            labels = pipeline.classified(start)
        elif self.weak in TELLERS:
            labels = pipeline.revealed(self.weak)
        elif self.weak:
            labels = pipeline.stacked(self.weak)
        return pipeline.finetuned(start, labels, self.other)


@dataclass(frozen=True)
class Chosen:
    """The network with the lowest validation score of several.

    Attributes
    ----------
    candidates
        What is trained.
    """

    candidates: tuple[Trained, ...]

    def __call__(self, pipeline: Pipeline) -> Errors:
        """Its errors."""
        return pipeline.errors(self.run(pipeline))

    def run(self, pipeline: Pipeline) -> Path:
        """Its run directory."""
        runs = [candidate.run(pipeline) for candidate in self.candidates]
        return min(runs, key=validation_score)


#: of weak labels, instead of Tukey's biweight.
_KERNELS: Final = ("squared", "huber", "absolute")
_ANCHORED: Final = {"anchor": 1.0}


def _kernel(name: str) -> Settings:
    return {"loss": {"weak": {"kernel": name}}}


_TRAINED: Final = {
    "baseline": Trained(False),
    "+LA": Trained(False, "classifier"),
    **{f"+LA, {kernel}": Trained(False, "classifier", _kernel(kernel)) for kernel in _KERNELS},
    **{f"+{teller}": Trained(False, teller) for teller in TELLERS},
    "+MP": Trained(True),
    "+MP anchored": Trained(True, other=_ANCHORED),
    "+MP+LA": Trained(True, "classifier"),
    "+MP+process": Trained(True, "process"),
    "+MP+combination": Trained(True, "combination"),
    "+MP anchored+combination": Trained(True, "combination", _ANCHORED),
    "+MP+delta": Trained(True, "delta"),
}

TRAINED: Final[dict[str, Trained | Chosen]] = {
    **_TRAINED,
    "best": Chosen((_TRAINED["+MP"], _TRAINED["+MP anchored"])),
}

STRATEGIES: Final[dict[str, Callable[[Pipeline], Errors]]] = {
    "best EIP": best_eip,
    "combination": combination,
    **TRAINED,
}
