"""Files that may be compressed: opened, and read whole."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from eippot.errors import DataError

#: endings of compressed files.
COMPRESSED: Final[dict[str, Callable[..., IO[Any]]]] = {
    ".xz": lzma.open,
    ".gz": gzip.open,
    ".bz2": bz2.open,
}
#: bytes that are written at once.
_BUFFER: Final = 2**16
#: a file may hold so many times its size, or so many bytes: text shrinks to a tenth or so, and what
#: shrinks to less is short or made to fill the memory.
_LARGEST_RATIO: Final = 100
_ALWAYS_READ: Final = 2**28


def open_file(path: Path, mode: str, ending: str) -> IO[bytes]:
    """Open a file of bytes, compressed where an ending says so."""
    opener = COMPRESSED.get(ending)
    return opener(path, mode) if opener else path.open(mode, buffering=_BUFFER)


def read_file(path: Path) -> bytes:
    """The content of a file.

    Raises
    ------
    DataError
        It holds far more than its size.
    """
    with open_file(path, "rb", path.suffix) as file:
        if path.suffix not in COMPRESSED:
            return file.read()
        limit = max(_ALWAYS_READ, _LARGEST_RATIO * path.stat().st_size)
        content = file.read(limit + 1)
    if len(content) > limit:
        raise DataError(
            f"Expected {path} to hold at most {_LARGEST_RATIO} times its size, got more than "
            f"{limit / 2**20:.0f} MiB.",
            "If it is sound, unpack it first.",
        )
    return content
