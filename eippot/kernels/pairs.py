"""Sums over pairs of atoms with filters from splines, as operators of torch on the CPU.

A pair (i, j) is listed once and counts in both directions. A filter W has a polynomial of degree 5
per bin and channel; the position x of a pair is its distance in units of the bins' width. The
operators ``torch.ops.eippot.pair_filters``, ``pair_harmonics``, ``pair_to_a`` and ``pair_to_b`` are
the derivatives by W's coefficients, by Y, a and b of

    T_d = Σ_p Σ_t k_t Y_ph Σ_c W_c⁽ᵈ⁾(x_p) (a_ic b_jc ± a_jc b_ic)

where each term t has a path, a row of a, a row of b and a harmonic h (see Coupling). Theirs are
again these operators, so that they can be differentiated as often as the compiled library has
derivatives W⁽ᵈ⁾, three times. Nothing of the size pairs × channels is ever stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.library import custom_op

from eippot.kernels.pair_library import Pairs, call

#: coefficients of a polynomial.
COEFFICIENTS: Final = 6


class Coupling(NamedTuple):
    """How features of a neighbor and harmonics of its direction become messages.

    Attributes
    ----------
    terms
        ``(T, 4)`` int32: path, row of the result, row of the features, harmonic.
    coefficients
        ``(T,)`` float64 of each term.
    n_paths, n_results, n_features, n_harmonics
        Sizes; harmonics of degree l are those from l² to (l + 1)² − 1, and each path has but one l.
    """

    terms: Tensor
    coefficients: Tensor
    n_paths: int
    n_results: int
    n_features: int
    n_harmonics: int


_SCALAR: Final = Coupling(
    torch.zeros((1, 4), dtype=torch.int32), torch.ones(1, dtype=torch.float64), 1, 1, 1, 1
)


def sum_over_pairs(filters: Tensor, pairs: Pairs, features: Tensor) -> Tensor:
    """Sum filtered features of neighbors, y_i = Σ_j W(x_ij) ∘ b_j.

    Parameters
    ----------
    filters
        ``(bins, 6, C)`` coefficients: W(x) = Σ_k c_k (x − bin)ᵏ.
    pairs
        The pairs, their positions at most ``bins``.
    features
        ``(n, C)`` b.

    Returns
    -------
    Tensor
        ``(n, C)``, differentiable by filters, positions and features.
    """
    ones = torch.ones_like(pairs.positions).unsqueeze(1)
    return couple_over_pairs(filters, pairs, ones, features.unsqueeze(1), _SCALAR).squeeze(1)


def couple_over_pairs(
    filters: Tensor, pairs: Pairs, harmonics: Tensor, features: Tensor, coupling: Coupling
) -> Tensor:
    """Sum filtered products of features of neighbors and harmonics of their directions.

    Parameters
    ----------
    filters
        ``(bins, 6, n_paths · C)`` coefficients, as for sum_over_pairs.
    pairs
        The pairs, their positions at most ``bins``.
    harmonics
        ``(P, n_harmonics)`` Y of the directions from the first to the second atoms.
    features
        ``(n, n_features, C)`` b.
    coupling
        What is multiplied.

    Returns
    -------
    Tensor
        ``(n, n_results, C)``, differentiable by filters, positions, harmonics and features.
    """
    first, second, positions = pairs
    terms, coefficients, *sizes = coupling
    sums: Tensor = torch.ops.eippot.pair_to_a(
        filters, positions, harmonics, features, first, second, terms, coefficients,
        [filters.shape[0], *sizes], 0,
    )  # fmt: skip
    return sums


#: where filters, harmonics, a and b stand among what T depends on; positions are number 1.
_FILTERS, _HARMONICS, _A, _B = 0, 2, 3, 4
_NAMES: Final = {
    _FILTERS: "pair_filters",
    _HARMONICS: "pair_harmonics",
    _A: "pair_to_a",
    _B: "pair_to_b",
}


def _define(name: str, missing: int) -> None:
    """Define the derivative of T by one of its arguments, an operator of the other four."""

    def derivative_of_sum(
        one: Tensor,
        two: Tensor,
        three: Tensor,
        four: Tensor,
        first: Tensor,
        second: Tensor,
        terms: Tensor,
        coefficients: Tensor,
        sizes: Sequence[int],
        derivative: int,
    ) -> Tensor:
        arguments: list[Tensor | None] = [one, two, three, four]
        arguments.insert(missing, None)
        return _evaluate(name, arguments, (first, second, terms, coefficients), sizes, derivative)

    def keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        *tensors, ctx.sizes, ctx.derivative = inputs
        ctx.save_for_backward(*tensors)

    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        arguments, needed = list(ctx.saved_tensors[:4]), _needed(ctx)[:4]
        arguments.insert(missing, gradient)
        needed.insert(missing, False)
        rest = (*ctx.saved_tensors[4:], ctx.sizes)
        found = _derivatives(needed, arguments, rest, ctx.derivative)
        del found[missing]
        return (*found, *[None] * 6)

    operator = custom_op(f"eippot::{name}", derivative_of_sum, mutates_args=())
    operator.register_autograd(backward, setup_context=keep)


def _evaluate(
    name: str,
    arguments: Sequence[Tensor | None],
    constants: tuple[Tensor, ...],
    sizes: Sequence[int],
    derivative: int,
) -> Tensor:
    """Call the library; None stands for what T is differentiated by."""
    filters, positions, harmonics, a, b = arguments
    assert positions is not None
    bins, paths, a_rows, b_rows, n_harmonics = sizes
    features = b if a is None else a
    assert features is not None
    atoms, channels = features.shape[0], features.shape[-1]
    if filters is None:
        result = features.new_zeros((bins, COEFFICIENTS, paths * channels))
    elif harmonics is None:
        result = positions.new_empty((len(positions), n_harmonics))
    else:
        result = features.new_zeros((atoms, a_rows if a is None else b_rows, channels))
    first, second, terms, coefficients = constants
    pairs = Pairs(first, second, positions)
    arrays = [array for array in (filters, a, b) if array is not None]
    call(
        name, pairs, harmonics, terms, coefficients, [*sizes, channels, derivative], arrays, result
    )
    return result


def _derivatives(
    needed: Sequence[bool], arguments: Sequence[Tensor], rest: tuple[Any, ...], derivative: int
) -> list[Tensor | None]:
    """Derivatives of T_d by its five arguments, those that are needed."""

    def by(missing: int, d: int = derivative) -> Tensor:
        given = [argument for k, argument in enumerate(arguments) if k != missing]
        found: Tensor = getattr(torch.ops.eippot, _NAMES[missing])(*given, *rest, d)
        return found

    def by_positions() -> Tensor:
        return (arguments[_HARMONICS] * by(_HARMONICS, derivative + 1)).sum(dim=1)

    calls: list[Callable[[], Tensor]] = [
        lambda: by(_FILTERS),
        by_positions,
        lambda: by(_HARMONICS),
        lambda: by(_A),
        lambda: by(_B),
    ]
    return [call() if wanted else None for call, wanted in zip(calls, needed, strict=True)]


def _needed(ctx: Any) -> list[bool]:  # noqa: ANN401 - the node of the graph
    """Which saved tensors' gradients somebody waits for; ``needs_input_grad`` would say: could.

    Of a leaf torch does not tell.
    """
    functions = [function for function, _ in ctx.next_functions]
    return [
        function is not None
        and (hasattr(function, "variable") or torch._C._will_engine_execute_node(function))
        for function in functions
    ]


for _missing, _name in _NAMES.items():
    _define(_name, _missing)
