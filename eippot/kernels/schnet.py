"""The SchNet of the C++ library, for numpy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from eippot.errors import EippotError
from eippot.models.blocks.table import RadialTable
from eippot.models.potential import Potential
from eippot.models.schnet import TabulatedSchNet

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.floating]

_EXCHANGE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32)


class _Shape(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int32) for name in ("channels", "species", "knots", "interactions")),
        *((name, ctypes.c_double) for name in ("cutoff", "neighbor_scale", "energy_scale")),
    ]


class _Neighborhoods(ctypes.Structure):
    _fields_ = [
        ("n_centers", ctypes.c_int32),
        ("n_nodes", ctypes.c_int32),
        *(
            (name, ctypes.c_void_p)
            for name in ("species", "first", "neighbors", "edge_vectors", "positions")
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
    edge_vectors
        ``(E, 3)`` [Å]: position of the neighbor minus position of the center; or None.
    positions
        ``(N, 3)`` [Å], from which edge vectors follow where there are none.
    """

    species: npt.NDArray[np.integer]
    first: npt.NDArray[np.integer]
    neighbors: npt.NDArray[np.integer]
    edge_vectors: Array | None
    positions: Floats | None = None


class Evaluation(NamedTuple):
    """Results for n centers.

    Attributes
    ----------
    energies
        ``(n,)`` [eV].
    forces
        ``(n, 3)`` [eV/Å].
    virials
        ``(n, 6)`` [eV]: −½ Σ r ⊗ ∂E/∂r over neighbors, in LAMMPS' order.
    """

    energies: Floats
    forces: Floats
    virials: Floats


class Exchange(Protocol):
    """Fills the rows of further nodes, in place."""

    def __call__(self, rows: Array) -> None:
        """Rows ``(N, width)``."""


class SchNetEngine:
    """Energies and forces of a potential whose representation is a SchNet with tables.

    Parameters
    ----------
    library
        libeippot_kernels.so.
    potential
        One head, no core.
    isolated_energies
        ``(S,)`` energies of isolated atoms [eV].
    precision
        Of the arithmetic.
    instructions
        avx512, avx2 or generic; None for the best that the processor has.
    """

    def __init__(
        self,
        library: Path,
        potential: Potential,
        isolated_energies: Sequence[float],
        precision: type[np.floating] | str = np.float32,
        instructions: str | None = None,
    ) -> None:
        self._library = _open(library)
        self._dtype: np.dtype[np.floating] = np.dtype(precision)
        shape, weights = _flatten(potential, isolated_energies)
        self._handle = self._library.eippot_schnet_create(
            ctypes.byref(shape),
            weights.ctypes.data,
            self._dtype.itemsize,
            instructions.encode() if instructions else None,
        )
        if not self._handle:
            raise EippotError(self._library.eippot_error().decode())

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.eippot_schnet_destroy(self._handle)

    def evaluate(
        self, around: Neighborhoods, n_threads: int = 1, exchange: Exchange | None = None
    ) -> Evaluation:
        """Energies, forces and virials of the centers."""
        run = self.prepare(around, n_threads, exchange)
        return run()

    def prepare(
        self, around: Neighborhoods, n_threads: int = 1, exchange: Exchange | None = None
    ) -> Callable[[], Evaluation]:
        """What `evaluate` does, with all arrays made ready, to be called repeatedly."""
        n_centers, n_nodes = len(around.first) - 1, len(around.species)
        arrays: list[npt.NDArray[np.generic] | None] = [
            np.ascontiguousarray(around.species, dtype=np.int32),
            np.ascontiguousarray(around.first, dtype=np.int64),
            np.ascontiguousarray(around.neighbors, dtype=np.int32),
            _contiguous(around.edge_vectors, self._dtype),
            _contiguous(around.positions, np.dtype(np.float64)),
        ]
        view = _Neighborhoods(n_centers, n_nodes, *(_address(array) for array in arrays))
        results = Evaluation(*(np.empty(s) for s in ((n_centers,), (n_centers, 3), (n_centers, 6))))
        addresses = [result.ctypes.data for result in results]

        def call(rows: int, width: int) -> None:
            assert exchange is not None
            size = n_nodes * width * self._dtype.itemsize
            memory = memoryview((ctypes.c_char * size).from_address(rows))
            exchange(np.ndarray((n_nodes, width), self._dtype, memory))

        callback = _EXCHANGE(call) if exchange else _EXCHANGE()

        def run() -> Evaluation:
            if self._library.eippot_schnet_evaluate(
                self._handle, ctypes.byref(view), callback, n_threads, *addresses
            ):
                raise EippotError(self._library.eippot_error().decode())
            assert arrays  # they live as long as what points to them
            return results

        return run

    @property
    def bytes(self) -> int:
        """Memory that grows with the number of atoms, of the largest evaluation so far."""
        return int(self._library.eippot_schnet_bytes(self._handle))


def _open(library: Path) -> ctypes.CDLL:
    opened = ctypes.CDLL(str(library))
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    opened.eippot_error.restype = ctypes.c_char_p
    opened.eippot_schnet_create.restype = pointer
    opened.eippot_schnet_create.argtypes = [pointer, pointer, integer, ctypes.c_char_p]
    opened.eippot_schnet_evaluate.argtypes = [
        *(pointer, pointer, _EXCHANGE, integer),
        *(pointer, pointer, pointer),
    ]
    opened.eippot_schnet_bytes.restype = ctypes.c_int64
    opened.eippot_schnet_bytes.argtypes = [pointer]
    opened.eippot_schnet_destroy.argtypes = [pointer]
    return opened


def _flatten(potential: Potential, isolated_energies: Sequence[float]) -> tuple[_Shape, Floats]:
    """All weights, in the order of SchNetWeights."""
    schnet, head = potential.representation, potential.heads.layers
    if (
        not isinstance(schnet, TabulatedSchNet)
        or potential.core is not None
        or head[2].out_features != 1
    ):
        raise EippotError("Expected a SchNet with tables, one head and no core.")
    arrays: list[Tensor] = [schnet.embedding.weight]
    for interaction, table in zip(schnet.interactions, schnet.tables, strict=True):
        update = interaction.get_submodule("update")
        assert isinstance(update, nn.Sequential)
        assert isinstance(table, RadialTable)
        arrays += [table.knots[:, 0], table.knots[:, 1].double() * table.per_angstrom]
        arrays += [interaction.get_parameter("project.weight")]
        arrays += [*update[0].parameters(), *update[2].parameters()]
    arrays += [*head[0].parameters(), head.get_parameter("2.weight")]
    arrays += [torch.tensor(isolated_energies, dtype=torch.float64)]
    flat = [array.detach().double().numpy().ravel() for array in arrays]
    shape = _Shape(
        schnet.dim,
        potential.n_species,
        len(schnet.tables[0].get_buffer("knots")),
        len(schnet.tables),
        schnet.cutoff,
        interaction.scale,
        float(potential.scale),
    )
    return shape, np.concatenate(flat)


def _contiguous(array: Array | None, dtype: np.dtype[np.floating]) -> Array | None:
    return None if array is None else np.ascontiguousarray(array, dtype=dtype)


def _address(array: npt.NDArray[np.generic] | None) -> int | None:
    return None if array is None else array.ctypes.data
