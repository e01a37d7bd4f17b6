"""Progress where nobody watches a bar: a line now and then."""

from __future__ import annotations

import math
import time
from typing import Final

import lightning
from lightning.pytorch.callbacks import Callback

#: a line is printed this often [s], and at the end.
SECONDS_BETWEEN_LINES: Final = 15.0


class ProgressLines(Callback):
    """Print epoch, time left, training loss and validation score every few seconds.

    Parameters
    ----------
    monitor
        Name of the validation metric to show.
    max_seconds
        Time after which the training stops, if there is such a limit.
    """

    def __init__(self, monitor: str, max_seconds: float | None = None) -> None:
        self.monitor = monitor
        self.limit = max_seconds or math.inf
        self.began = self.last = 0.0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock."""
        self.began = self.last = time.monotonic()

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Print a line if the last one is long ago."""
        now = time.monotonic()
        done, total = trainer.current_epoch + 1, trainer.max_epochs or 1
        if now - self.last < SECONDS_BETWEEN_LINES and done < total:
            return
        self.last = now
        elapsed = now - self.began
        left = max(min(elapsed / done * (total - done), self.limit - elapsed), 0.0)
        metrics = trainer.callback_metrics
        shown = [
            f"{name} {float(metrics[name]):.4g}"
            for name in ("loss", self.monitor)
            if name in metrics
        ]
        print(f"epoch {done} of {total}, {', '.join(shown)}, {left:.0f} s left", flush=True)
