"""Configuration of ``eippot inspect``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from eippot.config.base import Config


class InspectConfig(Config):
    """What to look into."""

    path: Path = Field(description="exported model, or run directory")
