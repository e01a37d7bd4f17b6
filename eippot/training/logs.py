"""Where metrics go: always metrics.csv, and what else is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from eippot.config.training import LoggerName, TrainingConfig
from eippot.errors import MissingDependencyError


def require_loggers(names: Sequence[LoggerName]) -> None:
    """Look for the packages of loggers, before any work is done.

    Raises
    ------
    MissingDependencyError
        One is not installed.
    """
    for name in names:
        if find_spec(name) is None:
            raise MissingDependencyError(
                f"Expected the package {name} for `training.loggers`, got none.",
                f"pip install 'eippot[{name}]'",
            )


@contextmanager
def logging_to(directory: Path, config: TrainingConfig) -> Iterator[list[Logger]]:
    """Open the loggers of a training; all get the same.

    An unfinished training that goes on writes everything anew, as metrics.csv is written anew:
    TensorBoard hides what was there before, Weights & Biases gets one more run.

    Parameters
    ----------
    directory
        The run directory; files are in ``tensorboard`` and ``wandb`` there.
    config
        Names the loggers.
    """
    loggers: list[Logger] = [
        CSVLogger(directory, name=None, version="", flush_logs_every_n_steps=100)
    ]
    if "tensorboard" in config.loggers:
        loggers.append(TensorBoardLogger(directory, None, "tensorboard", purge_step=0))
    wandb = None
    if "wandb" in config.loggers:
        wandb = WandbLogger(
            directory.name,
            directory,
            offline="WANDB_MODE" not in os.environ,
            config=config.model_dump(mode="json"),
        )
        loggers.append(wandb)
    try:
        yield loggers
    finally:
        if wandb is not None:
            wandb.experiment.finish()
