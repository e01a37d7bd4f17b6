"""Ctrl-C in the midst of long work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

#: what a shell calls a program that SIGINT has ended.
_INTERRUPTED: Final = 130


@contextmanager
def resumable() -> Iterator[None]:
    """Around a training: tell what Ctrl-C leaves, instead of a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        from eippot_cli.output import say

        say("Interrupted. The same command goes on after the last whole epoch.")
        raise typer.Exit(_INTERRUPTED) from None
