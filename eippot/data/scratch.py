"""Tensors that may be larger than memory: files without a name, mapped into memory."""

from __future__ import annotations

import mmap
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import numpy as np
import torch
from torch import Tensor

from eippot.errors import DataError

#: after so many structures, pages that were read are given back.
_STRUCTURES_MAPPED: Final = 256


class Scratch:
    """Files for tensors, which are gone with the process, however it ends.

    A context manager, in which tensors grow; they are mapped before it ends.

    Parameters
    ----------
    folder
        On the disk that takes them; None for the system's place for temporary files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._maps: list[mmap.mmap] = []
        self._used = 0

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._files.close()

    def tensor(self) -> GrowingTensor:
        """A new one.

        Raises
        ------
        DataError
            The folder cannot be written.
        """
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            unnamed = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (closed by the stack)
        except OSError as error:
            raise DataError(f"Cannot write into {self._folder}: {error}.") from None
        return GrowingTensor(self._files.enter_context(unnamed), self._maps)

    def use(self, structures: int) -> None:
        """Note that so many structures were read; memory is given back now and then."""
        self._used += structures
        if self._used >= _STRUCTURES_MAPPED:
            self._used = 0
            for each in self._maps:
                each.madvise(mmap.MADV_DONTNEED)


class GrowingTensor:
    """Rows end to end in a file.

    Parameters
    ----------
    file
        Empty.
    maps
        Gets the map of the file.
    """

    def __init__(self, file: IO[bytes], maps: list[mmap.mmap]) -> None:
        self._file = file
        self._maps = maps
        self._like: Tensor | None = None

    def add(self, rows: Tensor) -> None:
        """Write further rows ``(k, …)``; all are of one shape and type.

        Raises
        ------
        DataError
            There is no room.
        """
        self._like = rows[:0] if self._like is None else self._like
        try:
            self._file.write(rows.contiguous().numpy().data)
        except OSError as error:
            raise DataError(
                f"Labels and neighbor lists of so many structures cannot be kept: {error}.",
                "They need room on the disk of the run directory while it is trained.",
            ) from None

    def mapped(self) -> Tensor:
        """All rows."""
        assert self._like is not None
        self._file.flush()
        if self._file.tell() == 0:
            return self._like
        content = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._maps.append(content)
        flat = np.frombuffer(content, dtype=self._like.numpy().dtype)
        return torch.from_numpy(flat).reshape(-1, *self._like.shape[1:])
