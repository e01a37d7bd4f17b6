"""Sums over pairs of atoms with filters from splines, as operators of torch on the CPU.

A pair (i, j) is listed once and counts in both directions. A filter W has a polynomial of degree 5
per bin and channel; the position x of a pair is its distance in units of the bins' width. The
operators ``torch.ops.eippot.pair_messages``, ``pair_products`` and ``pair_coefficients`` are the
derivatives of

    T_d = Σ_p f_p Σ_c W_c⁽ᵈ⁾(x_p) (a_ic b_jc + a_jc b_ic)

by a, by f and by the coefficients of W. Theirs are again these operators, so that they can be
differentiated as often as the compiled library has derivatives W⁽ᵈ⁾, three times. Nothing of the
size pairs × channels is ever stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.library import custom_op

from eippot.kernels.pair_library import Pairs, run

#: coefficients of a polynomial.
COEFFICIENTS: Final = 6


def sum_over_pairs(coefficients: Tensor, pairs: Pairs, features: Tensor) -> Tensor:
    """Sum filtered features of neighbors, y_i = Σ_j W(x_ij) ∘ b_j.

    Parameters
    ----------
    coefficients
        ``(bins, 6, C)`` of filters of C channels: W(x) = Σ_k c_k (x − bin)ᵏ.
    pairs
        The pairs, their positions at most ``bins``.
    features
        ``(n, C)`` b.

    Returns
    -------
    Tensor
        ``(n, C)``, differentiable by coefficients, positions and features.
    """
    first, second, positions = pairs
    sums: Tensor = torch.ops.eippot.pair_messages(
        coefficients, positions, None, features, first, second, 0
    )
    return sums


@custom_op("eippot::pair_messages", mutates_args=())
def _messages(
    coefficients: Tensor,
    positions: Tensor,
    factors: Tensor | None,
    b: Tensor,
    first: Tensor,
    second: Tensor,
    derivative: int,
) -> Tensor:
    """∂T/∂a ``(n, C)``."""
    sums = torch.zeros_like(b, memory_format=torch.contiguous_format)
    pairs = Pairs(first, second, positions)
    with_bins = (coefficients.shape[0], b.shape[1])
    run("eippot_add_messages", pairs, factors, *with_bins, derivative, [coefficients, b, sums])
    return sums


@custom_op("eippot::pair_products", mutates_args=())
def _products(
    coefficients: Tensor,
    positions: Tensor,
    a: Tensor,
    b: Tensor,
    first: Tensor,
    second: Tensor,
    derivative: int,
) -> Tensor:
    """∂T/∂f ``(P,)``."""
    products = torch.empty_like(positions, memory_format=torch.contiguous_format)
    pairs = Pairs(first, second, positions)
    with_bins = (coefficients.shape[0], b.shape[1])
    run("eippot_multiply", pairs, None, *with_bins, derivative, [coefficients, a, b, products])
    return products


@custom_op("eippot::pair_coefficients", mutates_args=())
def _coefficients(
    positions: Tensor,
    factors: Tensor | None,
    a: Tensor,
    b: Tensor,
    first: Tensor,
    second: Tensor,
    derivative: int,
    bins: int,
) -> Tensor:
    """∂T/∂coefficients ``(bins, 6, C)``."""
    gradient = b.new_zeros((bins, COEFFICIENTS, b.shape[1]))
    pairs = Pairs(first, second, positions)
    run(
        "eippot_add_to_coefficients", pairs, factors, bins, b.shape[1], derivative, [a, b, gradient]
    )
    return gradient


# ---- derivatives ----


def _derivatives(
    needed: Sequence[bool],
    coefficients: Tensor | None,
    positions: Tensor,
    factors: Tensor | None,
    a: Tensor,
    b: Tensor,
    pairs: tuple[Tensor, Tensor, int, int],
) -> list[Tensor | None]:
    """Derivatives of T_d by coefficients, positions, f, a and b, those that are needed."""
    first, second, d, bins = pairs
    messages, products = torch.ops.eippot.pair_messages, torch.ops.eippot.pair_products

    def by_positions() -> Tensor:
        slopes: Tensor = products(coefficients, positions, a, b, first, second, d + 1)
        return slopes if factors is None else factors * slopes

    calls: list[Callable[[], Tensor]] = [
        lambda: torch.ops.eippot.pair_coefficients(
            positions, factors, a, b, first, second, d, bins
        ),
        by_positions,
        lambda: products(coefficients, positions, a, b, first, second, d),
        lambda: messages(coefficients, positions, factors, b, first, second, d),
        lambda: messages(coefficients, positions, factors, a, first, second, d),
    ]
    return [call() if wanted else None for call, wanted in zip(calls, needed, strict=True)]


def _needed(ctx: Any) -> list[bool]:  # noqa: ANN401 - the node of the graph
    """Which saved tensors' gradients somebody waits for; ``needs_input_grad`` would say: could.

    Of a leaf torch does not tell.
    """
    functions = iter(ctx.next_functions)  # one for each input that is a tensor
    return [
        tensor is not None
        and (function := next(functions)[0]) is not None
        and (hasattr(function, "variable") or torch._C._will_engine_execute_node(function))
        for tensor in ctx.saved_tensors
    ]


def _messages_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
    *tensors, ctx.derivative = inputs
    ctx.save_for_backward(*tensors)


def _messages_backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    coefficients, positions, factors, b, first, second = ctx.saved_tensors
    by_coefficients, by_positions, by_factors, by_b, *_ = _needed(ctx)
    found = _derivatives(
        (by_coefficients, by_positions, by_factors, False, by_b),
        coefficients,
        positions,
        factors,
        gradient,
        b,
        (first, second, ctx.derivative, coefficients.shape[0]),
    )
    return (*found[:3], found[4], None, None, None)


def _products_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
    *tensors, ctx.derivative = inputs
    ctx.save_for_backward(*tensors)


def _products_backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    coefficients, positions, a, b, first, second = ctx.saved_tensors
    by_coefficients, by_positions, by_a, by_b, *_ = _needed(ctx)
    found = _derivatives(
        (by_coefficients, by_positions, False, by_a, by_b),
        coefficients,
        positions,
        gradient,
        a,
        b,
        (first, second, ctx.derivative, coefficients.shape[0]),
    )
    return (*found[:2], *found[3:], None, None, None)


def _coefficients_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
    *tensors, ctx.derivative, ctx.bins = inputs
    ctx.save_for_backward(*tensors)


def _coefficients_backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    positions, factors, a, b, first, second = ctx.saved_tensors
    found = _derivatives(
        (False, *_needed(ctx)[:4]),
        gradient,
        positions,
        factors,
        a,
        b,
        (first, second, ctx.derivative, ctx.bins),
    )
    return (*found[1:], None, None, None, None)


_messages.register_autograd(_messages_backward, setup_context=_messages_context)
_products.register_autograd(_products_backward, setup_context=_products_context)
_coefficients.register_autograd(_coefficients_backward, setup_context=_coefficients_context)
