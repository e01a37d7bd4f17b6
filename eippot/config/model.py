"""Hyperparameters of the architectures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from eippot.config.base import Config


class SchNetConfig(Config):
    """SchNet (Schütt et al. 2018), with a smooth cutoff."""

    architecture: Literal["schnet"] = "schnet"
    cutoff: float = Field(5.0, gt=0, description="Radius of the neighborhood of an atom [Å].")
    channels: int = Field(64, ge=1, description="Features per atom.")
    interactions: int = Field(3, ge=1, description="Number of interaction blocks.")
    radial_functions: int = Field(32, ge=2, description="Gaussians that expand a distance.")


ModelConfig = SchNetConfig
