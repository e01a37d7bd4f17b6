"""Small networks of C and Si with random weights, and files of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from ase import Atoms

from eippot.config.deployment import ExportConfig
from eippot.config.model import ArchitectureConfig
from eippot.data.store import build_graphs
from eippot.deployment.files import write_exported
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, build_potential, load_model, save_model
from eippot.stages import export
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.exporting import exported_model
from eippot.testing.subject import card, random_potential
from eippot.training.neighborhoods import training_neighborhoods

SMALL: Final = ARCHITECTURES["schnet"]


def potential(
    config: ArchitectureConfig = SMALL,
    dtype: torch.dtype = torch.float64,
    heads: int = 1,
    seed: int = 2,
    scale: float = 1.0,
) -> Potential:
    """Random weights; forces of about ``scale`` eV/Å."""
    return random_potential(config, dtype, seed, heads, scale)


def export_potential(
    path: Path,
    dtype: str,
    seed: int = 2,
    scale: float = 1.0,
    config: ArchitectureConfig = SMALL,
) -> Path:
    """Write a potential with random weights as ``eippot export`` would."""
    model = potential(config, getattr(torch, dtype), seed=seed, scale=scale)
    write_exported(*exported_model([model], config.architecture), path)
    return path


def save_run(directory: Path, seed: int = 0, **changes: Any) -> Path:
    """Write a potential with random weights as ``eippot finetune`` would."""
    usual = {"scale": 30.0, "outputs": ["dft"], "dtype": "float32"}
    saved = ModelCard.model_validate(dict(card(SMALL)) | usual | changes)
    torch.manual_seed(seed)
    save_model(directory, saved, build_potential(saved))
    return directory


def know(run: Path, structures: Sequence[Atoms]) -> Potential:
    """Let a saved potential have been trained on some structures."""
    saved, model = load_model(run)
    assert isinstance(model, Potential)
    dtype = model.scale.dtype
    graphs = build_graphs(structures, saved.species, model.representation.cutoff, dtype)
    model.neighborhoods = training_neighborhoods(model, graphs)
    save_model(run, saved, model)
    return model


def export_runs(output: Path, *runs: Path, **options: Any) -> Path:
    """Write runs as one file."""
    export.run(ExportConfig.model_validate({"runs": runs, "output": output} | options))
    return output
