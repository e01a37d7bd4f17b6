"""The run directory: what a training leaves behind, and where."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Final

import yaml

from eippot.config.base import Config, dump_config
from eippot.errors import ConfigError

CONFIG: Final = "config.yaml"
METRICS: Final = "metrics.csv"
SUMMARY: Final = "summary.yaml"
CHECKPOINTS: Final = "checkpoints"

CONTENTS: Final = {
    CONFIG: "the complete configuration, defaults included",
    METRICS: "losses and validation errors, epoch by epoch",
    "model.safetensors": "weights of the best epoch",
    "model.json": "everything else about the model: species, units, provenance",
    SUMMARY: "results, labels used, split, versions, time",
    f"{CHECKPOINTS}/": "Lightning's checkpoints of the best and the last epoch",
}


def describe(directory: Path) -> str:
    """The tree of a run directory, for the screen."""
    width = max(map(len, CONTENTS))
    branches = ["├─"] * (len(CONTENTS) - 1) + ["└─"]
    lines = [
        f"    {branch} {name:<{width}}  # {meaning}"
        for branch, (name, meaning) in zip(branches, CONTENTS.items(), strict=True)
    ]
    return "\n".join([f"└─ {directory}", *lines])


def start_run(directory: Path, config: Config) -> None:
    """Create a run directory and write the configuration into it.

    Raises
    ------
    ConfigError
        There is a run already: nothing is ever overwritten.
    """
    if (directory / CONFIG).exists():
        raise ConfigError(
            f"Expected a new run directory, got {directory}, which holds a run already.",
            "Choose another one, or remove it first.",
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / CONFIG).write_text(dump_config(config))
    except OSError as error:
        raise ConfigError(f"Cannot write into {directory}: {error}") from None


def write_summary(directory: Path, summary: dict[str, object]) -> None:
    """Write ``summary.yaml``, and the versions that made it."""
    versions = {name: version(name) for name in ("eippot", "torch", "lightning", "ase")}
    text = yaml.safe_dump(summary | {"versions": versions}, sort_keys=False, allow_unicode=True)
    (directory / SUMMARY).write_text(text)
