"""The compiled library's functions of pairs of atoms, for tensors."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import torch
from torch import Tensor

from eippot.errors import EippotError
from eippot.kernels.library import find_library

#: highest derivative of filters in the library.
HIGHEST_DERIVATIVE: Final = 3
#: of those that the processor has, the best.
INSTRUCTION_SET = 0
_BYTES: Final = {torch.float32: 4, torch.float64: 8}


class Pairs(NamedTuple):
    """P pairs of atoms.

    Attributes
    ----------
    first, second
        ``(P,)`` int32, the two atoms.
    positions
        ``(P,)`` distance in units of the width of a bin.
    """

    first: Tensor
    second: Tensor
    positions: Tensor


class _Pairs(ctypes.Structure):
    _fields_ = [
        ("n_pairs", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("first", "second", "positions", "factors")),
        *(
            (name, ctypes.c_int32)
            for name in ("n_bins", "channels", "derivative", "bytes_per_number", "n_threads")
        ),
        ("instruction_set", ctypes.c_int32),
    ]


@cache
def _library() -> ctypes.CDLL | None:
    path = find_library()
    if path is None:
        return None
    library = ctypes.CDLL(str(path))
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    pairs = ctypes.POINTER(_Pairs)
    for name, arguments in {
        "eippot_add_messages": [pairs, *[pointer] * 3],
        "eippot_multiply": [pairs, *[pointer] * 4],
        "eippot_add_to_coefficients": [pairs, *[pointer] * 3],
    }.items():
        getattr(library, name).argtypes = arguments
        getattr(library, name).restype = None
    library.eippot_instruction_sets.restype = integer
    library.eippot_half_pairs.argtypes = [
        ctypes.c_int64, *[pointer] * 3, ctypes.c_int64, ctypes.c_double, integer, integer, pointer,
    ]  # fmt: skip
    library.eippot_half_pairs.restype = ctypes.c_int64
    return library


def available(device: torch.device) -> bool:
    """Whether the operators can run: on a CPU, with the library built."""
    return device.type == "cpu" and _library() is not None


def instruction_sets() -> int:
    """How many instruction sets of this processor the operators are compiled for."""
    return int(_loaded().eippot_instruction_sets())


def half_pairs(
    edge_index: Tensor, edge_vectors: Tensor, n_atoms: int, cutoff: float, bins: int
) -> Tensor:
    """Choose one of each two edges that lead to and fro, in an order that the operators like.

    Parameters
    ----------
    edge_index
        ``(2, E)`` center and neighbor of each edge, int64; both directions.
    edge_vectors
        ``(E, 3)`` [Å].
    n_atoms
        Number of atoms.
    cutoff
        Longer edges are left out [Å].
    bins
        Pieces of filters between 0 and the cutoff.

    Returns
    -------
    Tensor
        ``(P,)`` indices of edges, int64.
    """
    centers, neighbors = edge_index[0].contiguous(), edge_index[1].contiguous()
    vectors = edge_vectors.detach().contiguous()
    order = torch.empty_like(centers)
    count = _loaded().eippot_half_pairs(
        len(order),
        *(tensor.data_ptr() for tensor in (centers, neighbors, vectors)),
        n_atoms,
        cutoff,
        bins,
        _BYTES[vectors.dtype],
        order.data_ptr(),
    )
    return order[:count]


def run(
    name: str,
    pairs: Pairs,
    factors: Tensor | None,
    bins: int,
    channels: int,
    derivative: int,
    arrays: Sequence[Tensor],
) -> None:
    """Call a function of the library; the last of the arrays holds its result."""
    if derivative > HIGHEST_DERIVATIVE:
        raise EippotError(
            f"Expected at most {HIGHEST_DERIVATIVE} derivatives of sums over pairs, got "
            f"{derivative}.",
            "Build the potential without `for_training`.",
        )
    result = arrays[-1]
    inputs = [*pairs, *([] if factors is None else [factors]), *arrays[:-1]]
    kept = [tensor.contiguous() for tensor in inputs]  # until the call is over
    first, second, positions = (tensor.data_ptr() for tensor in kept[:3])
    described = _Pairs(
        len(kept[0]),
        first,
        second,
        positions,
        None if factors is None else kept[3].data_ptr(),
        bins,
        channels,
        derivative,
        _BYTES[result.dtype],
        torch.get_num_threads(),
        INSTRUCTION_SET,
    )
    pointers = [tensor.data_ptr() for tensor in [*kept[len(inputs) - len(arrays) + 1 :], result]]
    getattr(_loaded(), name)(ctypes.byref(described), *pointers)


def _loaded() -> ctypes.CDLL:
    library = _library()
    if library is None:
        raise EippotError("Expected the compiled kernels, got none.", "Run `eippot lammps build`.")
    return library
