"""One run of pretrain → classify → finetune → export, which many tests look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eippot.stages.classify import ClassifyResult
    from eippot.stages.export import ExportResult
    from eippot.stages.finetune import FinetuneResult
    from eippot.stages.pretrain import PretrainResult


@dataclass(frozen=True)
class Pipeline:
    """Results of the stages, and where everything is."""

    directory: Path
    labelled: Path
    pretrain: PretrainResult
    classify: ClassifyResult
    finetune: FinetuneResult
    export: ExportResult


def run_pipeline(folder: Path) -> Pipeline:
    """Run the stages in a folder, each as short as it can be."""
    from eippot.config.deployment import ExportConfig
    from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
    from eippot.stages import classify, export, finetune, pretrain
    from tests.synthetic import TINY_MODEL, training, write_labelled

    labelled = write_labelled(folder / "labelled.extxyz")
    base = {"data": {"structures": labelled}, "training": training()}
    first = pretrain.run(
        PretrainConfig.model_validate(
            base | {"output": folder / "pretrained", "model": TINY_MODEL}
        ),
        progress=False,
    )
    second = classify.run(
        ClassifyConfig.model_validate(
            base
            | {"output": folder / "augmented.extxyz", "run": folder / "classifier"}
            | {"pretrained": folder / "pretrained", "training": training(epochs=12)}
        ),
        progress=False,
    )
    third = finetune.run(
        FinetuneConfig.model_validate(
            base
            | {"data": {"structures": folder / "augmented.extxyz"}, "output": folder / "run"}
            | {"pretrained": folder / "pretrained", "loss": {"weights": {"stress": 0.1}}}
        ),
        progress=False,
    )
    config = ExportConfig(runs=(folder / "run",), output=folder / "model.pt")
    return Pipeline(folder, labelled, first, second, third, export.run(config))
