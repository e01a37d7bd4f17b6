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
from eippot.config.base import validate_config
from eippot.config.deployment import EvaluateConfig, ExportConfig
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig, StackConfig
from eippot.config.templates import template
from eippot.stages import classify, evaluate, export, finetune, pretrain, stack

Settings = Mapping[str, Any]

#: in the folder of a stage that has been run.
SECONDS: Final = "seconds.json"
STAGES: Final = ("pretrain", "classify", "stack", "finetune")


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
        By stage, what differs from the template; "finetune pretrained" comes on top of "finetune"
        where a pretrained network is the start.
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

        def run(content: dict[str, Any], folder: Path) -> None:
            config = validate_config(PretrainConfig, content | {"output": folder}, "pretrain")
            pretrain.run(config, progress=False)

        return self._once("pretrain", {}, run)

    def classified(self, pretrained: Path | None) -> Path:
        """Structures with weak labels of the classifier's choice."""

        def run(content: dict[str, Any], folder: Path) -> None:
            paths = {"output": folder / "augmented.extxyz", "run": folder / "run"}
            config = validate_config(ClassifyConfig, content | paths, "classify")
            classify.run(config, progress=False)

        return self._once("classify", {"pretrained": pretrained}, run) / "augmented.extxyz"

    def stacked(self, method: str, runs: tuple[Path, ...] = ()) -> Path:
        """Structures with weak labels of a stack, of a blend with trained networks."""
        pretrained = None if method == "combination" else self.pretrained()

        def run(content: dict[str, Any], folder: Path) -> None:
            paths = {"output": folder / "augmented.extxyz", "delta": {"run": folder / "delta"}}
            config = validate_config(StackConfig, merged(content, paths), "stack")
            stack.run(config, progress=False)

        changes: dict[str, Any] = {"method": method, "pretrained": pretrained}
        if runs:
            changes["runs"] = runs
        return self._once("stack", changes, run) / "augmented.extxyz"

    def revealed(self, teller: str) -> Path:
        """Structures with weak labels that are made of hidden DFT labels."""
        alignment = self.settings.get("classify", {}).get("alignment", "none")
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
        if pretrained:
            changes = merged(self.settings.get("finetune pretrained", {}), changes)

        def run(content: dict[str, Any], folder: Path) -> None:
            config = validate_config(FinetuneConfig, content | {"output": folder}, "finetune")
            finetune.run(config, progress=False)

        return self._once("finetune", changes, run)

    def errors(self, run: Path) -> Errors:
        """Errors of a finetuned potential on the test structures, which are read here alone."""
        model, folder = run / "potential.pt", run / "test"
        if not folder.exists():
            export.run(ExportConfig(runs=(run,), output=model))
            evaluate.run(EvaluateConfig(model=model, structures=self.division.test, output=folder))
        return test_errors(folder)

    def _once(
        self, stage: str, changes: Settings, run: Callable[[dict[str, Any], Path], None]
    ) -> Path:
        """Run a stage unless it has been; return its folder."""
        content = stage_template(stage, self.template, self.model)
        data = {
            "structures": self.division.training,
            "validation_structures": self.division.validation,
            "seed": self.seed,
        }
        training = {"seed": self.seed, "threads": 1}
        base: dict[str, Any] = {"data": data}
        base |= {"delta": {"training": training}} if stage == "stack" else {"training": training}
        for part in (base, self.settings.get(stage, {}), changes):
            content = merged(content, part)
        if content.get("pretrained"):
            content.pop("model", None)
        digest = hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode())
        folder = self.division.training.parent / f"{self.model}-{stage}-{digest.hexdigest()[:12]}"
        done = folder / SECONDS
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            start = time.perf_counter()
            run(content, folder)
            done.write_text(json.dumps(time.perf_counter() - start))
        self.used.add(folder)
        return folder


def stage_template(stage: str, name: str, model: str) -> dict[str, Any]:
    """Options of a stage; of the stack there is one template, without a model."""
    chosen = ("default", None) if stage == "stack" else (name, model)
    content: dict[str, Any] = yaml.safe_load(template(stage, *chosen))
    return content


def validation_score(run: Path) -> float:
    """What a run of finetune has chosen its weights by."""
    summary = yaml.safe_load((run / "summary.yaml").read_text())
    return float(summary["validation"]["validation_score"])


def merged(content: Settings, changes: Settings) -> dict[str, Any]:
    """Settings with others on top, section by section."""
    both = dict(content)
    for name, value in changes.items():
        inner = both.get(name)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            value = merged(inner, value)
        both[name] = value
    return both
