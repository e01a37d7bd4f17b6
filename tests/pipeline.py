"""Runs of pretrain → classify → finetune → export, which many tests look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def run_pipeline(folder: Path, labelled: Path, model: Any, **export_options: Any) -> Pipeline:
    """Run the stages in a folder, each as short as it can be.

    Parameters
    ----------
    folder
        Where everything goes.
    labelled
        Structures with labels of EIPs, some with those of DFT.
    model
        Hyperparameters of the architecture.
    export_options
        What else export is told.
    """
    from eippot.config.deployment import ExportConfig
    from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
    from eippot.stages import classify, export, finetune, pretrain
    from tests.synthetic import training

    base = {"data": {"structures": labelled}, "training": training()}
    first = pretrain.run(
        PretrainConfig.model_validate(base | {"output": folder / "pretrained", "model": model}),
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
    config = {"runs": (folder / "run",), "output": folder / "model.pt"} | export_options
    exported = export.run(ExportConfig.model_validate(config))
    return Pipeline(folder, labelled, first, second, third, exported)
