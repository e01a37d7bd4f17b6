"""A finished run, as its directory tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from eippot.config.yaml_text import parse_yaml
from eippot.errors import ConfigError, DataError
from eippot.models.saved import ModelCard, load_model
from eippot.reporting.history import History, read_history
from eippot.training.run_directory import CONFIG, METRICS, SUMMARY

#: the stage that leaves a model of each kind.
STAGES: Final = {"potential": "finetune", "pretrained": "pretrain", "classifier": "classify"}

#: what the summary of every training tells.
_REQUIRED: Final = (
    *("validation", "epochs", "steps", "seconds"),
    *("structures", "training_labels", "validation_labels", "validation_hash"),
)


@dataclass(frozen=True)
class FinishedRun:
    """What a run directory holds.

    Attributes
    ----------
    directory
        Where it is.
    card
        Everything about the model but its weights.
    weights
        How many weights the model has.
    config
        The configuration, as the file has it: other versions may know other entries.
    summary
        Results; runs of earlier versions have less.
    history
        What was logged.
    """

    directory: Path
    card: ModelCard
    weights: int
    config: dict[str, Any]
    summary: dict[str, Any]
    history: History

    @property
    def stage(self) -> str:
        """The command that it is a run of."""
        return STAGES[self.card.kind]

    @property
    def config_text(self) -> str:
        """The file of the configuration."""
        return (self.directory / CONFIG).read_text()


def read_run(directory: Path) -> FinishedRun:
    """Read a run directory.

    Raises
    ------
    ConfigError
        It is none.
    DataError
        The run has not ended, or a file of it is damaged.
    ModelError
        The model is missing or damaged.
    """
    if not (directory / CONFIG).is_file():
        raise ConfigError(
            f"Expected the run directory of a training, got {directory}, which holds no {CONFIG}.",
            "Give the directory that `eippot pretrain`, `classify`, `stack` (its `delta.run`) or "
            "`finetune` wrote.",
        )
    if not (directory / SUMMARY).is_file():
        raise DataError(
            f"Expected a run that has ended, got {directory}, which holds no {SUMMARY} yet.",
            "Wait until the training is over; if it was stopped, the same command goes on.",
        )
    card, model = load_model(directory)
    summary = read_mapping(directory / SUMMARY)
    missing = [name for name in _REQUIRED if name not in summary]
    if missing:
        raise DataError(
            f"Expected {', '.join(_REQUIRED)} in {directory / SUMMARY}, got no {missing[0]}.",
            "Restore the file from a copy; a training writes it anew.",
        )
    return FinishedRun(
        directory,
        card,
        sum(weight.numel() for weight in model.parameters()),
        read_mapping(directory / CONFIG),
        summary,
        read_history(directory / METRICS),
    )


def read_mapping(path: Path) -> dict[str, Any]:
    """Entries of a YAML file of a run; raises DataError."""
    try:
        content = parse_yaml(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path} is not readable as YAML: {error}") from None
    if not isinstance(content, dict):
        raise DataError(
            f"Expected `name: value` entries in {path}, got a {type(content).__name__}."
        )
    return content
