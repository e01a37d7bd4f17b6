"""Files of contestants that take long to make, kept in their environment for the next run."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """A folder that a function fills, unless it has been filled before.

    Parameters
    ----------
    name
        Tells all that the content depends on, besides the packages of the environment.
    make
        Writes into a new folder, which is kept if it succeeds.
    """
    shelf = Path(sys.prefix) / "speed"
    folder = shelf / name
    if not folder.is_dir():
        shelf.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=shelf))
        try:
            make(work)
            work.rename(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return folder
