"""Configuration of ``eippot cite``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from eippot.config.base import Config


class CiteConfig(Config):
    """What to name the citations of."""

    paths: tuple[Path, ...] = Field(
        min_length=1, description="labelled structures, run directories, exported models, cards"
    )
