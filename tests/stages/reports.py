"""Pages about the runs of the pipeline."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from eippot.config.deployment import ReportConfig
from eippot.stages.report import ReportResult, run


def report(directory: Path, folder: Path, structures: Path | None = None) -> ReportResult:
    """Write a page, named as the run, into a folder."""
    output = folder / f"{directory.name}.html"
    return run(ReportConfig(run=directory, structures=structures, output=output))


def summary_of(directory: Path) -> dict[str, Any]:
    """Results of a run."""
    found = yaml.safe_load((directory / "summary.yaml").read_text())
    assert isinstance(found, dict)
    return found


def copy_of(directory: Path, folder: Path) -> Path:
    """A run that may be damaged."""
    copied: Path = shutil.copytree(directory, folder / "copy")
    return copied
