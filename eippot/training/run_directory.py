"""The run directory: what a training leaves behind, and where."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

import yaml

from eippot.config.base import Config, dump_config, read_config
from eippot.errors import ConfigError
from eippot.processes import by_first
from eippot.structures.io import write_texts

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
    """Create a run directory with a configuration, or accept an unfinished run of the same one.

    Of several processes, the first does this; the others wait for it.

    Parameters
    ----------
    directory
        The run directory.
    config
        What the run does.

    Raises
    ------
    ConfigError
        There is a finished run already, or one of another configuration, or it cannot be written.
    """
    by_first(lambda: _start(directory, config))


def _start(directory: Path, config: Config) -> None:
    path = directory / CONFIG
    try:
        directory.mkdir(parents=True, exist_ok=True)
        begun = not _write_new(path, dump_config(config))
    except OSError as error:
        raise ConfigError(f"Cannot write into {directory}: {error}") from None
    if not begun:
        return
    if (directory / SUMMARY).exists():
        raise ConfigError(
            f"Expected a new run directory, got {directory}, which holds a run already.",
            "Choose another one, or remove it first.",
        )
    if read_config(type(config), path) != config:
        raise ConfigError(
            f"Expected a new run directory, or the configuration that the unfinished run in "
            f"{directory} was begun with; this one is another.",
            f"Take the settings of {path}, choose another directory, or remove this one first.",
        )


def _write_new(path: Path, text: str) -> bool:
    """Write a file whole; whether there was none."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    whole.write_text(text)
    try:
        os.link(whole, path)
    except FileExistsError:
        return False
    finally:
        whole.unlink()
    return True


def write_summary(directory: Path, summary: dict[str, object]) -> None:
    """Write ``summary.yaml``, and the versions that made it: from here on, the run is finished."""
    versions = {name: version(name) for name in ("eippot", "torch", "lightning", "ase")}
    text = yaml.safe_dump(summary | {"versions": versions}, sort_keys=False, allow_unicode=True)
    write_texts(directory / SUMMARY, [text.encode()])
