"""The stages of one model on one division of a data set, each run once and shared by strategies."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.accuracy.data import Division
from benchmarks.accuracy.errors import Errors, test_errors
from benchmarks.accuracy.revealed import reveal
from benchmarks.accuracy.settings import Settings, merged, stage_template
from eippot.config.base import Config, validate_config
from eippot.config.deployment import EvaluateConfig, ExportConfig
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig, StackConfig
from eippot.stages import classify, evaluate, export, finetune, pretrain, stack

#: in the folder of a stage that has been run.
SECONDS: Final = "seconds.json"
WEAK_LABELS: Final = "augmented.extxyz"


@dataclass(frozen=True)
class Stage:
    """A stage of eippot.

    Attributes
    ----------
    kind
        Its configuration.
    run
        What it does.
    paths
        Where it writes in a folder.
    """

    kind: type[Config]
    run: Callable[..., object]
    paths: Callable[[Path], Settings]


STAGES: Final = {
    "pretrain": Stage(PretrainConfig, pretrain.run, lambda folder: {"output": folder}),
    "classify": Stage(
        ClassifyConfig, classify.run, lambda f: {"output": f / WEAK_LABELS, "run": f / "run"}
    ),
    "stack": Stage(
        StackConfig, stack.run, lambda f: {"output": f / WEAK_LABELS, "delta": {"run": f / "delta"}}
    ),
    "finetune": Stage(FinetuneConfig, finetune.run, lambda folder: {"output": folder}),
}


@dataclass(frozen=True)
class Pipeline:
    """What a stage writes is in a folder named by its configuration: what has been done stays.

    Attributes
    ----------
    division
        The structures.
    model
        Architecture.
    seed
        Of weights and orders.
    template
        Of all stages: ``default`` or ``paper``.
    settings
        By stage, what differs from the template; "finetune anew" comes on top of "finetune" where
        no pretrained network is the start, "finetune weak" where there are weak labels, "finetune
        taught" where they are of a blend.
    used
        Folders of stages that were asked for.
    """

    division: Division
    model: str
    seed: int
    template: str
    settings: Mapping[str, Settings]
    used: set[Path] = field(default_factory=set)

    def seconds(self) -> float:
        """How long everything that has been used so far took, whenever it was done."""
        return sum(float((folder / SECONDS).read_text()) for folder in self.used)

    def pretrained(self) -> Path:
        """A run of pretrain on the EIP labels of all training structures."""
        return self._once("pretrain", {})

    def classified(self, pretrained: Path | None) -> Path:
        """Structures with weak labels of the classifier's choice."""
        return self._once("classify", {"pretrained": pretrained}) / WEAK_LABELS

    def stacked(self, method: str, runs: tuple[Path, ...] = ()) -> Path:
        """Structures with weak labels of a stack, of a blend with trained networks."""
        pretrained = None if method == "combination" else self.pretrained()
        changes = {"method": method, "pretrained": pretrained, "runs": runs}
        return self._once("stack", changes) / WEAK_LABELS

    def revealed(self, teller: str) -> Path:
        """Structures with weak labels that are made of hidden DFT labels."""
        alignment = self._content("classify")["alignment"]
        output = self.division.training.with_name(f"{teller}-{alignment}.extxyz")
        if not output.exists():
            reveal(self.division, teller, alignment, output)
        return output

    def finetuned(self, pretrained: Path | None, weak: Path | None, other: Settings) -> Path:
        """A run of finetune, with the weak labels of a file if given, and other settings."""
        changes: dict[str, Any] = {"pretrained": pretrained, "use_weak_labels": weak is not None}
        changes |= other
        if weak:
            changes["data"] = {"structures": weak}
            changes = merged(self.settings.get("finetune weak", {}), changes)
        if not pretrained:
            changes = merged(self.settings.get("finetune anew", {}), changes)
        return self._once("finetune", changes)

    def errors(self, run: Path) -> Errors:
        """Errors of a finetuned potential on the test structures, which are read here alone."""
        model, folder = run / "potential.pt", run / "test"
        if not folder.exists():
            export.run(ExportConfig(runs=(run,), output=model))
            evaluate.run(EvaluateConfig(model=model, structures=self.division.test, output=folder))
        return test_errors(folder)

    def _once(self, stage: str, changes: Settings) -> Path:
        """Run a stage unless it has been; return its folder."""
        folder = self._folder(stage, changes)
        done = folder / SECONDS
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            config = self._config(stage, changes, folder)
            start = time.perf_counter()
            STAGES[stage].run(config, progress=False)
            done.write_text(json.dumps(time.perf_counter() - start))
        self.used.add(folder)
        return folder

    def _folder(self, stage: str, changes: Settings) -> Path:
        """Of the stage in this configuration, defaults included."""
        config = self._config(stage, changes, Path()).model_dump_json()
        digest = hashlib.sha256(config.encode()).hexdigest()[:12]
        return self.division.training.parent / f"{self.model}-{stage}-{digest}"

    def _config(self, stage: str, changes: Settings, folder: Path) -> Config:
        data = {
            "structures": self.division.training,
            "validation_structures": self.division.validation,
            "seed": self.seed,
        }
        training = {"seed": self.seed, "threads": 1}
        base: dict[str, Any] = {"data": data}
        base |= {"delta": {"training": training}} if stage == "stack" else {"training": training}
        paths = STAGES[stage].paths(folder)
        content = self._content(stage)
        for part in (base, changes, paths):
            content = merged(content, part)
        if content.get("pretrained"):
            content.pop("model", None)
        return validate_config(STAGES[stage].kind, content, stage)

    def _content(self, stage: str) -> dict[str, Any]:
        template = stage_template(stage, self.template, self.model)
        return merged(template, self.settings.get(stage, {}))


def validation_score(run: Path) -> float:
    """What a run of finetune has chosen its weights by."""
    summary = yaml.safe_load((run / "summary.yaml").read_text())
    return float(summary["validation"]["validation_score"])
