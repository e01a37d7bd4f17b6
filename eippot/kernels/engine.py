"""Engines of compressed models in the C++ library, for numpy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from eippot.errors import EippotError

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.floating]

_EXCHANGE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32)


class _Neighborhoods(ctypes.Structure):
    _fields_ = [
        ("n_centers", ctypes.c_int32),
        ("n_nodes", ctypes.c_int32),
        *(
            (name, ctypes.c_void_p)
            for name in ("species", "first", "neighbors", "offsets", "positions")
        ),
    ]


class Neighborhoods(NamedTuple):
    """N nodes, of which the first n are centers; E edges, sorted by center.

    Attributes
    ----------
    species
        ``(N,)`` indices of species.
    first
        ``(n + 1,)`` first edge of each center, and E.
    neighbors
        ``(E,)`` nodes.
    offsets
        ``(E, 3)`` [Å]: of the neighbor's image from the neighbor. An edge vector is this, plus the
        position of the neighbor, minus that of the center.
    positions
        ``(N, 3)`` [Å].
    """

    species: npt.NDArray[np.integer]
    first: npt.NDArray[np.integer]
    neighbors: npt.NDArray[np.integer]
    offsets: Floats
    positions: Floats


class Evaluation(NamedTuple):
    """Results for n centers.

    Attributes
    ----------
    energies
        ``(n,)`` [eV].
    forces
        ``(n, 3)`` [eV/Å].
    virials
        ``(n, 6)`` [eV]: −½ Σ r ⊗ ∂E/∂r over neighbors; xx, yy, zz, xy, xz, yz as in LAMMPS.
    """

    energies: Floats
    forces: Floats
    virials: Floats


class Exchange(Protocol):
    """Fills the rows of further nodes, in place."""

    def __call__(self, rows: Array) -> None:
        """Rows ``(N, width)``."""


class Engine:
    """Energies and forces of a compressed model.

    Parameters
    ----------
    library
        ``libeippot_kernels.so``.
    architecture
        Its name.
    parameters
        All numbers of the model by name, as its exported file has them.
    precision
        Of the arithmetic.
    instructions
        ``avx512``, ``avx2`` or ``generic``; None for the best that the processor has.

    Raises
    ------
    EippotError
        There is no engine for such a model, or the processor lacks the instructions.
    """

    def __init__(
        self,
        library: Path,
        architecture: str,
        parameters: Mapping[str, npt.ArrayLike],
        precision: npt.DTypeLike = np.float32,
        instructions: str | None = None,
    ) -> None:
        self._library = _open(library)
        self._dtype = np.dtype(precision)
        arrays = [np.ascontiguousarray(a, dtype=np.float64).ravel() for a in parameters.values()]
        n = len(arrays)
        self._handle = self._library.eippot_engine_create(
            architecture.encode(),
            n,
            (ctypes.c_char_p * n)(*(name.encode() for name in parameters)),
            (ctypes.c_void_p * n)(*(array.ctypes.data for array in arrays)),
            (ctypes.c_int64 * n)(*(array.size for array in arrays)),
            self._dtype.itemsize,
            instructions.encode() if instructions else None,
        )
        if not self._handle:
            raise EippotError(self._library.eippot_error().decode())

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.eippot_engine_destroy(self._handle)

    def evaluate(
        self, around: Neighborhoods, n_threads: int = 1, exchange: Exchange | None = None
    ) -> Evaluation:
        """Energies, forces and virials of the centers."""
        return self.prepare(around, n_threads, exchange)()

    def prepare(
        self, around: Neighborhoods, n_threads: int = 1, exchange: Exchange | None = None
    ) -> Callable[[], Evaluation]:
        """What `evaluate` does, to be called repeatedly.

        Nothing is copied: positions that are float64 and contiguous are read at each call, and
        each call writes its results where the last one did.

        Raises
        ------
        EippotError
            There are further nodes, and no way to have their rows.
        """
        n_centers, n_nodes = len(around.first) - 1, len(around.species)
        if n_nodes > n_centers and exchange is None:
            raise EippotError(
                f"Expected an exchange for {n_nodes - n_centers} nodes beside centers, got none."
            )
        arrays: list[npt.NDArray[np.generic]] = [
            np.ascontiguousarray(around.species, dtype=np.int32),
            np.ascontiguousarray(around.first, dtype=np.int64),
            np.ascontiguousarray(around.neighbors, dtype=np.int32),
            np.ascontiguousarray(around.offsets, dtype=np.float64),
            np.ascontiguousarray(around.positions, dtype=np.float64),
        ]
        view = _Neighborhoods(n_centers, n_nodes, *(array.ctypes.data for array in arrays))
        results = Evaluation(*(np.empty(s) for s in ((n_centers,), (n_centers, 3), (n_centers, 6))))
        addresses = [result.ctypes.data for result in results]

        def call(rows: int, width: int) -> None:
            assert exchange is not None
            size = n_nodes * width * self._dtype.itemsize
            memory = memoryview((ctypes.c_char * size).from_address(rows))
            exchange(np.ndarray((n_nodes, width), self._dtype, memory))

        callback = _EXCHANGE(call) if exchange else _EXCHANGE()

        def run() -> Evaluation:
            if self._library.eippot_engine_evaluate(
                self._handle, ctypes.byref(view), callback, n_threads, *addresses
            ):
                raise EippotError(self._library.eippot_error().decode())
            assert arrays  # they live as long as what points to them
            return results

        return run

    @property
    def bytes(self) -> int:
        """Memory that grows with the number of atoms, of the largest evaluation so far."""
        return int(self._library.eippot_engine_bytes(self._handle))


def _open(library: Path) -> ctypes.CDLL:
    opened = ctypes.CDLL(str(library))
    pointer, integer, text = ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p
    opened.eippot_error.restype = text
    opened.eippot_engine_create.restype = pointer
    opened.eippot_engine_create.argtypes = [
        *(text, integer, pointer, pointer, pointer),
        *(integer, text),
    ]
    opened.eippot_engine_evaluate.argtypes = [
        *(pointer, pointer, _EXCHANGE, integer),
        *(pointer, pointer, pointer),
    ]
    opened.eippot_engine_bytes.restype = ctypes.c_int64
    opened.eippot_engine_bytes.argtypes = [pointer]
    opened.eippot_engine_destroy.argtypes = [pointer]
    return opened
