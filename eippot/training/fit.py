"""Runs a training task with Lightning: everything here is configuration."""

from __future__ import annotations

import logging
import math
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    RichProgressBar,
    WeightAveraging,
)
from lightning.pytorch.loggers import Logger
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from torch_geometric.data import Batch

from eippot.config.training import TrainingConfig
from eippot.data.store import GraphStore
from eippot.errors import EippotError
from eippot.models.potential import Classifier, Potential
from eippot.processes import by_first, is_first, n_processes
from eippot.training.hardware import hardware
from eippot.training.logs import logging_to
from eippot.training.objectives import Objective
from eippot.training.progress import ProgressLines
from eippot.training.resuming import BestWeights, Continuation, Course, held, load_checkpoint
from eippot.training.run_directory import CHECKPOINTS
from eippot.training.task import TrainingTask
from eippot.training.threads import fastest_number_of_threads, number_of_threads

#: hints of Lightning that are of no use here, and a deprecation inside of it.
_HINTS = (
    ".*does not have many workers.*",
    ".*Checkpoint directory .* exists.*",
    ".*Experiment logs directory .* exists.*",
    ".*isinstance.treespec, LeafSpec.. is deprecated.*",
    ".*sync_dist=True.*",
    "Grad strides do not match bucket view strides.*",
)


@dataclass(frozen=True)
class FitResult:
    """Outcome of a training.

    Attributes
    ----------
    metrics
        Validation metrics of the best weights.
    epochs
        Epochs that were run.
    steps
        Optimizer steps.
    seconds
        Wall-clock time.
    ended_by
        What ended it: ``steps``, ``epochs``, ``patience`` or ``max_seconds`` of the configuration.
    processes
        How many trained together.
    """

    metrics: dict[str, float]
    epochs: int
    steps: int
    seconds: float
    ended_by: str
    processes: int

    def as_summary(self) -> dict[str, object]:
        """The result as it stands in ``summary.yaml``."""
        return {
            "validation": self.metrics,
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "ended_by": self.ended_by,
            "processes": self.processes,
        }


def seed_everything(config: TrainingConfig) -> None:
    """Seed all random numbers and set the number of threads; call before building a model."""
    lightning.seed_everything(config.seed, verbose=False)
    if config.threads:
        torch.set_num_threads(config.threads)


def fit(
    model: Potential | Classifier,
    objective: Objective,
    train: DataLoader[Batch],
    validation: DataLoader[Batch],
    config: TrainingConfig,
    directory: Path,
    progress: bool = True,
) -> FitResult:
    """Train a model; it holds the best weights afterwards.

    Parameters
    ----------
    model
        Starts from its present weights.
    objective
        What to train for; its monitor selects the best epoch.
    train, validation
        Loaders.
    config
        Optimization.
    directory
        Run directory, for metrics and checkpoints. A training that ended in its midst goes on
        after its last whole epoch, exactly as it would have.
    progress
        Whether to show progress: a bar in a terminal, a line now and then elsewhere.

    Raises
    ------
    EippotError
        The training diverged, another process trains into this directory, or what ended in its
        midst was a training on other data.
    """
    course = Course()
    progress = progress and is_first()
    threads = config.threads or _fastest_threads(model, objective, train)
    task = TrainingTask(model, objective, config, course)
    best = BestWeights(directory / CHECKPOINTS, objective.monitor, objective.mode)
    data = f"{_digest(train)} {_digest(validation)}"
    with (
        held(directory / CHECKPOINTS) as last,
        logging_to(directory, config) as loggers,
        _quiet(),
        number_of_threads(threads),
    ):
        always = [best, Continuation(course, loggers, data)]
        epochs = config.epochs or math.ceil((config.steps or 1) / len(train))
        trainer = _trainer(config, objective, always, loggers, epochs, progress)
        if last:
            load_checkpoint(last)  # says what is wrong with it, if anything
            if progress:
                print(f"Going on where the run in {directory} ended.", flush=True)
        _train(trainer, task, train, validation, last)
        chosen = Path(best.best_model_path)
        task.load_state_dict(by_first(lambda: load_checkpoint(chosen)["state_dict"]))
        metrics = _validate(task, validation)
    wrong = {name: value for name, value in metrics.items() if not math.isfinite(value)}
    if wrong:
        raise EippotError(
            f"The training diverged: the best weights give {wrong}.",
            "Lower `training.schedule.rate`, or look for extreme labels.",
        )
    return FitResult(
        metrics,
        trainer.current_epoch,
        trainer.global_step,
        course.elapsed(),
        _ended_by(trainer, config),
        n_processes(),
    )


def _digest(loader: DataLoader[Batch]) -> str:
    graphs = loader.dataset
    assert isinstance(graphs, GraphStore)
    return graphs.digest()


def _fastest_threads(
    model: Potential | Classifier, objective: Objective, train: DataLoader[Batch]
) -> int:
    """Number of threads on which the first batch is fastest; random numbers stay as they are.

    Several processes have as many as torchrun or srun gives each.
    """
    if torch.accelerator.is_available() or n_processes() > 1:
        return torch.get_num_threads()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    evaluated = model.for_training()
    with torch.random.fork_rng(devices=[]):
        batch = next(iter(train))
        return fastest_number_of_threads(
            lambda: torch.autograd.grad(
                objective.loss(evaluated, batch).total, weights, allow_unused=True
            )
        )


def _trainer(
    config: TrainingConfig,
    objective: Objective,
    always: Sequence[Callback],
    loggers: Sequence[Logger],
    epochs: int,
    progress: bool,
) -> lightning.Trainer:
    callbacks = list(always)
    if config.ema_decay:
        average = get_ema_multi_avg_fn(config.ema_decay)  # type: ignore[no-untyped-call]
        callbacks.append(WeightAveraging(multi_avg_fn=average))
    if config.patience:
        callbacks.append(
            EarlyStopping(objective.monitor, patience=config.patience, mode=objective.mode)
        )
    watched = progress and sys.stdout.isatty()
    if watched:
        callbacks.append(RichProgressBar())
    elif progress:
        callbacks.append(ProgressLines(objective.monitor, config.max_seconds))
    return lightning.Trainer(
        **hardware(),
        max_epochs=epochs,
        max_time=timedelta(seconds=config.max_seconds) if config.max_seconds else None,
        gradient_clip_val=config.gradient_clip,
        precision="64-true" if config.precision == "float64" else "32-true",
        logger=loggers,
        callbacks=callbacks,
        enable_progress_bar=watched,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        inference_mode=False,  # forces are derivatives, in validation too
    )


def _train(
    trainer: lightning.Trainer,
    task: TrainingTask,
    train: DataLoader[Batch],
    validation: DataLoader[Batch],
    last: Path | None,
) -> None:
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(task, train, validation, ckpt_path=last, weights_only=True)
    except EippotError as error:
        error.known_to_all = True  # of several processes, none waits for the others to agree
        raise
    except SystemExit:  # what Lightning makes of Ctrl-C, which it ignores from then on
        signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt from None


def _ended_by(trainer: lightning.Trainer, config: TrainingConfig) -> str:
    early_stopping = trainer.early_stopping_callback
    if early_stopping and early_stopping.stopped_epoch:
        return "patience"
    if trainer.global_step < trainer.estimated_stepping_batches:
        return "max_seconds"
    return "epochs" if config.epochs else "steps"


def _validate(task: TrainingTask, validation: DataLoader[Batch]) -> dict[str, float]:
    trainer = lightning.Trainer(
        **hardware(),
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        inference_mode=False,
    )
    trainer.validate(task, validation, verbose=False)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's hints on hardware and workers off the screen."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in _HINTS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        logger.setLevel(level)
