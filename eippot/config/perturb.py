"""Configuration of ``eippot perturb``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from eippot.config.base import Config
from eippot.config.data import LabelKeys


class PerturbConfig(Config):
    """Structures for the unlabelled pool: displaced and strained copies of those at hand."""

    input: Path = Field(description="structures, as for eippot label")
    output: Path = Field(description="the same structures and their copies, extended XYZ")
    keys: LabelKeys = Field(default_factory=dict)
    copies: int = Field(4, ge=1, description="copies of each structure")
    rattle: float = Field(0.25, ge=0, description="largest standard deviation of displacements [Å]")
    strain: float = Field(0.08, ge=0, lt=0.5, description="largest component of the strain")
    closest: float = Field(
        0.75,
        gt=0,
        le=1,
        description="least distance of atoms in a copy, relative to the least in the input",
    )
    seed: int = Field(0, ge=0, description="the same seed gives the same copies")
