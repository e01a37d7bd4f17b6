"""Neighbor lists of the C++ library, for models of KIM."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eippot.errors import EIPError


class NeighborLists:
    """Neighbors of particles in open space, one list for each cutoff; memory is used again.

    Parameters
    ----------
    library
        ``libeippot_kernels.so``.
    cutoffs
        At least one [Å].

    Attributes
    ----------
    function, data
        KIM's function GetNeighborList and its data object, as capsules.
    """

    def __init__(self, library: Path, cutoffs: npt.ArrayLike) -> None:
        self._library = _open(library)
        values = np.ascontiguousarray(cutoffs, dtype=np.float64)
        self._handle = self._library.eippot_neighbors_create(len(values), values.ctypes.data)
        address = ctypes.cast(self._library.eippot_neighbors_get, ctypes.c_void_p)
        self.function = _capsule(address.value)
        self.data = _capsule(self._handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.eippot_neighbors_destroy(self._handle)

    def build(self, coordinates: npt.NDArray[np.float64], needs: npt.NDArray[np.int32]) -> None:
        """Find neighbors.

        Parameters
        ----------
        coordinates
            Shape ``(n, 3)`` [Å], contiguous.
        needs
            Whether a particle needs its neighbors, shape ``(n,)``, contiguous.

        Raises
        ------
        EIPError
            A particle that needs neighbors has another at its own place.
        """
        count = len(coordinates)
        if self._library.eippot_neighbors_build(
            self._handle, count, coordinates.ctypes.data, needs.ctypes.data
        ):
            raise EIPError("Two atoms, or an atom and an image, are at the same place.")


def _capsule(address: int | None) -> Any:  # noqa: ANN401 (PyCapsule has no type in Python)
    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return new(address, None, None)


def _open(library: Path) -> ctypes.CDLL:
    opened = ctypes.CDLL(str(library))
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    opened.eippot_neighbors_create.restype = pointer
    opened.eippot_neighbors_create.argtypes = [integer, pointer]
    opened.eippot_neighbors_destroy.argtypes = [pointer]
    opened.eippot_neighbors_build.restype = integer
    opened.eippot_neighbors_build.argtypes = [pointer, integer, pointer, pointer]
    return opened
