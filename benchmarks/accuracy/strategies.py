"""Strategies: what is learnt from besides the DFT labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.accuracy.errors import Errors
from benchmarks.accuracy.peers import mace
from benchmarks.accuracy.pipeline import Pipeline, validation_score
from benchmarks.accuracy.revealed import TELLERS
from benchmarks.accuracy.rivals import RIVALS
from benchmarks.accuracy.settings import Settings


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
class Taught:
    """A pretrained network that learns what others, EIPs and the combination of EIPs agree on.

    Attributes
    ----------
    teachers
        Networks that are trained before.
    """

    teachers: tuple[Trained, ...]

    def run(self, pipeline: Pipeline) -> Path:
        """Its run directory."""
        runs = tuple(teacher.run(pipeline) for teacher in self.teachers)
        labels = pipeline.stacked("blend", runs)
        return pipeline.finetuned(
            pipeline.pretrained(), labels, pipeline.settings.get("finetune taught", {})
        )


@dataclass(frozen=True)
class Chosen:
    """The network with the lowest validation score of several.

    Attributes
    ----------
    candidates
        What is trained, by the template of the stages.
    """

    candidates: Mapping[str, tuple[Trained | Taught, ...]]

    def run(self, pipeline: Pipeline) -> Path:
        """Its run directory."""
        runs = [candidate.run(pipeline) for candidate in self.candidates[pipeline.template]]
        return min(runs, key=validation_score)


#: of weak labels, instead of Tukey's biweight.
_KERNELS: Final = ("squared", "huber", "absolute")
#: weights of weak labels, as published; 1 otherwise.
_ALPHAS: Final = (0.1, 10.0)
_ANCHORED: Final = {"anchor": 1.0}


def _weak(**changes: object) -> Settings:
    return {"loss": {"weak": changes}}


_TRAINED: Final = {
    "baseline": Trained(False),
    "+LA": Trained(False, "classifier"),
    **{f"+LA, {kernel}": Trained(False, "classifier", _weak(kernel=kernel)) for kernel in _KERNELS},
    **{
        f"+LA, α = {alpha:g}": Trained(False, "classifier", _weak(weight=alpha))
        for alpha in _ALPHAS
    },
    **{f"+{teller}": Trained(False, teller) for teller in TELLERS},
    "+MP": Trained(True),
    "+MP anchored": Trained(True, other=_ANCHORED),
    "+MP+LA": Trained(True, "classifier"),
    "+MP+process": Trained(True, "process"),
    "+MP+combination": Trained(True, "combination"),
    "+MP anchored+combination": Trained(True, "combination", _ANCHORED),
    "+MP+delta": Trained(True, "delta"),
}

_TAUGHT: Final = Taught((_TRAINED["+MP"], _TRAINED["+MP anchored"]))
_BEST: Final[dict[str, tuple[Trained | Taught, ...]]] = {
    "default": (_TRAINED["+MP"], _TRAINED["+MP anchored"], _TAUGHT),
    "paper": (_TRAINED["+LA"], _TRAINED["+MP"], _TRAINED["+MP+LA"]),
}

TRAINED: Final[dict[str, Trained | Taught | Chosen]] = {
    **_TRAINED,
    "+MP taught": _TAUGHT,
    "best": Chosen(_BEST),
}


def _tested(strategy: Trained | Taught | Chosen) -> Callable[[Pipeline], Errors]:
    return lambda pipeline: pipeline.errors(strategy.run(pipeline))


def _mace(pipeline: Pipeline) -> Errors:
    """For as long as it takes to find out what is best, and all that it is made of."""
    TRAINED["best"].run(pipeline)
    return mace(pipeline, pipeline.seconds())


STRATEGIES: Final[dict[str, Callable[[Pipeline], Errors]]] = {
    **RIVALS,
    **{name: _tested(strategy) for name, strategy in TRAINED.items()},
    "MACE": _mace,
}
