"""Small networks of C and Si with random weights, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from eippot.config.model import ArchitectureConfig
from eippot.deployment.files import write_exported
from eippot.models.potential import Potential
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.exporting import exported_model
from eippot.testing.subject import random_potential

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
    write_exported(*exported_model(model, config.architecture), path)
    return path
