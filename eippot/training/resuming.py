"""Trainings that go on where they ended, as if they had not: what Lightning leaves to us."""

from __future__ import annotations

import fcntl
import pickle
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import Logger

from eippot.errors import ConfigError, DataError
from eippot.processes import by_first, gathered, n_processes

LAST: Final = "last.ckpt"
_LOCK: Final = "lock"
#: what Lightning goes on from.
_ENTRIES: Final = frozenset({"state_dict", "epoch", "global_step", "loops", "callbacks"})
#: what torch raises of files that are damaged in one way or another.
_NO_CHECKPOINT: Final = (
    *(pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError),
    *(TypeError, AttributeError, AssertionError, OverflowError, MemoryError, struct.error),
)


class Course:
    """Time and metrics of a training, over all the processes it took.

    Attributes
    ----------
    earlier
        Seconds that processes before this one took.
    rows
        Step and metrics, epoch by epoch.
    """

    def __init__(self) -> None:
        self.earlier = 0.0
        self.rows: list[tuple[int, dict[str, float]]] = []
        self._began: float | None = None

    def start(self) -> None:
        """Let the clock run."""
        self._began = time.monotonic()

    def elapsed(self) -> float:
        """Seconds so far."""
        return self.earlier + (0.0 if self._began is None else time.monotonic() - self._began)


class BestWeights(ModelCheckpoint):
    """Checkpoints of the best and of the last epoch, which are found wherever their folder is now.

    Parameters
    ----------
    folder
        Where they are.
    monitor, mode
        Metric that tells which epoch is best, and whether its ``min`` or ``max``.
    """

    def __init__(self, folder: Path, monitor: str, mode: str) -> None:
        super().__init__(
            folder,
            filename="best",
            monitor=monitor,
            mode=mode,
            save_last=True,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from an earlier process."""
        assert self.dirpath is not None
        before, now = state_dict["dirpath"], str(self.dirpath)
        moved: dict[str, Any] = {
            name: value.replace(before, now) if isinstance(value, str) else value
            for name, value in state_dict.items()
        }
        models = state_dict["best_k_models"]
        moved["best_k_models"] = {path.replace(before, now): models[path] for path in models}
        super().load_state_dict(moved)


class Continuation(Callback):
    """Keeps in checkpoints what Lightning does not: the course, and what the data were.

    Parameters
    ----------
    course
        Of the training.
    loggers
        Where its metrics are written.
    data
        Digest of the data, which is the same in all processes.
    """

    def __init__(self, course: Course, loggers: Sequence[Logger], data: str) -> None:
        if len(set(gathered(data))) > 1:
            raise DataError(
                "Expected the same data in all processes, got others.",
                "All read the same files: does a machine have an old copy?",
            )
        self._course = course
        self._loggers = loggers
        self._data = data

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            "elapsed": self._course.elapsed(),
            "rows": self._course.rows,
            "data": self._data,
            "processes": n_processes(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there; metrics are written anew up to there.

        Raises
        ------
        DataError
            The checkpoint is of a training on other data.
        ConfigError
            It is of more or fewer processes, whose batches are larger or smaller.
        """
        begun = state_dict.get("processes", 1)
        if begun != n_processes():
            raise ConfigError(
                f"Expected {begun} processes, which this run was begun with, got {n_processes()}.",
                "Start as many, or choose a new run directory.",
            )
        if state_dict["data"] != self._data:
            raise DataError(
                "Expected the data that this run was begun with, got others: structures, labels or "
                "their division have changed since.",
                "Choose a new run directory, or bring the data back.",
            )
        self._course.earlier = state_dict["elapsed"]
        self._course.rows = state_dict["rows"]
        for logger in self._loggers:
            for step, metrics in self._course.rows:
                logger.log_metrics({**metrics}, step)
            logger.save()


@contextmanager
def held(folder: Path) -> Iterator[Path | None]:
    """Hold a folder of checkpoints, which no other training may write into meanwhile.

    Yields
    ------
    pathlib.Path or None
        Checkpoint of the last epoch of an unfinished training, if there is one.

    Raises
    ------
    ConfigError
        Another process holds it.
    """
    with ExitStack() as until_then:
        yield by_first(lambda: _hold(folder, until_then))


def _hold(folder: Path, until_then: ExitStack) -> Path | None:
    folder.mkdir(parents=True, exist_ok=True)
    lock = until_then.enter_context((folder / _LOCK).open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(
            f"Another process is training into {folder.parent}.",
            "Wait for it, end it, or choose another run directory.",
        ) from None
    last = folder / LAST
    return last if last.exists() else None


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Content of a checkpoint, as weights alone: no code in it is run.

    Raises
    ------
    DataError
        It is none of a training, or damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _NO_CHECKPOINT as error:
        raise _damaged(path, str(error).partition("\n")[0]) from None
    if not isinstance(content, dict) or not set(content) >= _ENTRIES:
        raise _damaged(path, f"expected {', '.join(sorted(_ENTRIES))} in it")
    return content


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        f"The checkpoint {path} cannot be read: {reason}.",
        "Restore it from a copy, or remove the run directory, to begin anew.",
    )


def seed_epoch(seed: int, epoch: int) -> None:
    """Let the random numbers of an epoch depend on these two alone."""
    torch.manual_seed(seed * 1_000_003 + epoch)
