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
def interruptible(told: str = _RESUMABLE) -> Iterator[None]:
    """Around long work: tell what Ctrl-C leaves, instead of a traceback.

    Parameters
    ----------
    told
        What is said.
    """
    try:
        yield
    except KeyboardInterrupt:
        from eippot_cli.output import say

        say(told)
        raise typer.Exit(_INTERRUPTED) from None
