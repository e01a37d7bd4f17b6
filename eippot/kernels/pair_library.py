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
        *(
            (name, ctypes.c_void_p)
            for name in ("first", "second", "positions", "harmonics", "terms", "coefficients")
        ),
        *(
            (name, ctypes.c_int32)
            for name in (
                *("n_terms", "bins", "paths", "a_rows", "b_rows", "harmonics_", "channels"),
                *("derivative", "bytes_per_number", "threads", "instruction_set"),
            )
        ),
    ]


#: functions of the library by the name of the operator, and how many arrays they take.
_FUNCTIONS: Final = {
    "pair_filters": ("eippot_add_to_coefficients", 3),
    "pair_harmonics": ("eippot_multiply", 4),
    "pair_to_a": ("eippot_add_to_a", 3),
    "pair_to_b": ("eippot_add_to_b", 3),
}


@cache
def _loaded() -> ctypes.CDLL:
    path = find_library()
    if path is None:
        raise EippotError("Expected the compiled kernels, got none.", "Run `eippot lammps build`.")
    library = ctypes.CDLL(str(path))
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    for name, arrays in _FUNCTIONS.values():
        function = getattr(library, name)
        function.argtypes = [ctypes.POINTER(_Pairs), *[pointer] * arrays]
        function.restype = None
    library.eippot_instruction_sets.restype = integer
    library.eippot_half_pairs.argtypes = [
        ctypes.c_int64, *[pointer] * 3, ctypes.c_int64, ctypes.c_double, integer, integer, pointer,
    ]  # fmt: skip
    library.eippot_half_pairs.restype = ctypes.c_int64
    return library


def available(device: torch.device) -> bool:
    """Whether the operators can run: on a CPU, with the library built."""
    return device.type == "cpu" and find_library() is not None


def instruction_sets() -> int:
    """How many instruction sets of this processor the operators are compiled for."""
    return int(_loaded().eippot_instruction_sets())


def half_pairs(
    edge_index: Tensor, edge_vectors: Tensor, n_atoms: int, cutoff: float, bins: int
) -> Tensor:
    """Choose one of each two edges that lead back and forth, in an order that the operators like.

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


def call(
    operator: str,
    pairs: Pairs,
    harmonics: Tensor | None,
    terms: Tensor,
    coefficients: Tensor,
    sizes: Sequence[int],
    arrays: Sequence[Tensor],
    result: Tensor,
) -> None:
    """Call the function of an operator.

    Parameters
    ----------
    operator
        Its name.
    pairs, harmonics, terms, coefficients
        As for couple_over_pairs; without harmonics, these are the result.
    sizes
        Bins, paths, rows of a, rows of b, harmonics, channels, and the derivative W⁽ᵈ⁾.
    arrays
        What else it takes.
    result
        Contiguous; zero, where the function adds to it.
    """
    if sizes[-1] > HIGHEST_DERIVATIVE:
        raise EippotError(
            f"Expected at most {HIGHEST_DERIVATIVE} derivatives of sums over pairs, got "
            f"{sizes[-1]}.",
            "Differentiate the potential itself, not what `for_training` gives.",
        )
    constants = [*pairs, *([] if harmonics is None else [harmonics])]
    kept = [tensor.contiguous() for tensor in (*constants, *arrays)]  # until the call is over
    pointers: list[int | None] = [tensor.data_ptr() for tensor in kept]
    if harmonics is None:
        pointers.insert(3, None)
    described = _Pairs(
        len(kept[0]),
        *pointers[:4],
        terms.data_ptr(),
        coefficients.data_ptr(),
        len(terms),
        *sizes,
        _BYTES[result.dtype],
        torch.get_num_threads(),
        INSTRUCTION_SET,
    )
    function, _ = _FUNCTIONS[operator]
    getattr(_loaded(), function)(ctypes.byref(described), *pointers[4:], result.data_ptr())
