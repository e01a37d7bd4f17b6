"""Ctrl-C in the midst of long work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

#: what a shell calls a program that SIGINT has ended.
_INTERRUPTED: Final = 130
#: of a training.
_RESUMABLE: Final = "Interrupted. The same command goes on after the last whole epoch."


@contextmanager
def training() -> Iterator[bool]:
    """Around a command that trains, be it in one of several processes.

    Yields
    ------
    bool
        Whether this is the process that prints.
    """
    from eippot.processes import is_first, joined

    with joined(), interruptible(_RESUMABLE if is_first() else None):
        yield is_first()


@contextmanager
def interruptible(told: str | None) -> Iterator[None]:
    """Around long work: tell what Ctrl-C leaves, instead of a traceback.

    Parameters
    ----------
    told
        What is said; None for nothing.
    """
    try:
        yield
    except KeyboardInterrupt:
        from eippot_cli.output import say

        if told:
            say(told)
        raise typer.Exit(_INTERRUPTED) from None
