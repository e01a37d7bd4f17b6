"""Small networks of C and Si with random weights, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch

from eippot.config.model import ArchitectureConfig
from eippot.deployment.files import write_exported
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, build_potential, save_model
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.exporting import exported_model
from eippot.testing.subject import card, random_potential

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
