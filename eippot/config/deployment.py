"""The configurations of export, evaluate and report."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from eippot.config.base import Config
from eippot.config.data import LabelKeys


class ExportConfig(Config):
    """eippot export: one file that ASE and LAMMPS run."""

    runs: tuple[Path, ...] = Field(
        min_length=1,
        description="Run directory of finetune; several become one committee, whose mean is run.",
    )
    output: Path = Field(description="File to write, e.g. si.pt.")
    precision: Literal["float32", "float64"] | None = Field(
        None, description="Number format of the file; that of the training if left out."
    )
    compress: bool = Field(
        False, description="Read from tables what depends on a distance alone: faster in LAMMPS."
    )


class EvaluateConfig(Config):
    """eippot evaluate: errors of an exported model on DFT-labelled structures."""

    model: Path = Field(description="Exported model.")
    structures: Path = Field(description="Structure file with reference labels.")
    output: Path = Field(description="Directory for the tables and figures.")
    keys: LabelKeys = Field(default_factory=dict)


class ReportConfig(Config):
    """eippot report: one page about a run."""

    run: Path = Field(description="Run directory of pretrain, classify or finetune.")
    structures: Path | None = Field(
        None, description="Structure file with reference labels, to test a potential on."
    )
    keys: LabelKeys = Field(default_factory=dict)
    output: Path = Field(description="File to write, e.g. report.html.")
