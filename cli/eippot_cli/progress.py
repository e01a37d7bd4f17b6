"""How far labels are: a bar in a terminal, and lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from eippot_cli.output import error_console, say

if TYPE_CHECKING:
    from eippot.eips.table import LabelProgress

#: where nobody watches a bar, a line is printed this often [s].
_LINE_EVERY: Final = 10.0


@contextmanager
def label_progress() -> Iterator[Callable[[LabelProgress], None]]:
    """Show a bar in a terminal, and a line now and then elsewhere."""
    lines = _Lines()
    if not error_console.is_terminal:
        yield lines.report
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("label"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=error_console,
    )
    with bar:
        task = bar.add_task("label", total=None, rate="")

        def report(progress: LabelProgress) -> None:
            lines.tell_already_done(progress)
            rate = f"{lines.rate(progress):,.0f}/s"
            bar.update(task, completed=progress.done, total=progress.total, rate=rate)

        yield report


class _Lines:
    """Progress in plain lines, and the sums behind every kind of progress."""

    def __init__(self) -> None:
        self._first: LabelProgress | None = None
        self._started = self._printed = time.monotonic()

    def report(self, progress: LabelProgress) -> None:
        """Print a line if the last one was long ago, or all is done."""
        self.tell_already_done(progress)
        rate, now = self.rate(progress), time.monotonic()
        finished = progress.done == progress.total
        if now - self._printed < _LINE_EVERY and not finished:
            return
        self._printed = now
        left = f", {(progress.total - progress.done) / rate:.0f} s left" if rate else ""
        say(f"label: {progress.done} of {progress.total}, {rate:,.0f}/s{left}")

    def tell_already_done(self, progress: LabelProgress) -> None:
        """Say once how much an earlier run has done."""
        if self._first is None:
            self._first, self._started = progress, time.monotonic()
            if progress.already_done:
                say(f"{progress.already_done} of {progress.total} labels are already done")

    def rate(self, progress: LabelProgress) -> float:
        """Labels per second of this run."""
        made = progress.done - (self._first or progress).done
        return made / max(time.monotonic() - self._started, 1e-3)
