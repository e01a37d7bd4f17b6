"""Files that may be compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, cast

from eippot.errors import DataError

#: endings of compressed files.
COMPRESSED: Final[dict[str, Callable[..., IO[Any]]]] = {
    ".xz": lzma.open,
    ".gz": gzip.open,
    ".bz2": bz2.open,
}
#: bytes that are read or written at once.
_BUFFER: Final = 2**16
#: a file may hold so many times its size, or so many bytes: text shrinks to a tenth or so, and what
#: shrinks to less is short or made to fill the memory.
_LARGEST_RATIO: Final = 100
_ALWAYS_READ: Final = 2**28


def open_file(path: Path, mode: str, ending: str) -> IO[bytes]:
    """Open a file of bytes, compressed where an ending says so.

    Raises
    ------
    DataError
        While it is read: it holds far more than its size.
    """
    opener = COMPRESSED.get(ending)
    if opener is None:
        return path.open(mode, buffering=_BUFFER)
    file = opener(path, mode)
    return (
        cast("IO[bytes]", io.BufferedReader(_Bounded(file, path), _BUFFER))
        if mode == "rb"
        else file
    )


class _Bounded(io.RawIOBase):
    """What a compressed file holds, unless that is far more than its size."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self._limit = max(_ALWAYS_READ, _LARGEST_RATIO * path.stat().st_size)
        self._n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (any buffer)
        content = self._counted(self._file.read(len(buffer)))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        return self._counted(self._file.read(self._limit - self._n_bytes + 1))

    def close(self) -> None:
        self._file.close()
        super().close()

    def _counted(self, content: bytes) -> bytes:
        self._n_bytes += len(content)
        if self._n_bytes > self._limit:
            raise DataError(
                f"Expected {self._path} to hold at most {_LARGEST_RATIO} times its size, got more "
                f"than {self._limit / 2**20:.0f} MiB.",
                "If it is sound, unpack it first.",
            )
        return content
