"""Kernels ρ: how much a residual costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from eippot.config.loss import KernelName
from eippot.processes import everywhere

#: Tukey's constant: 95 % efficiency on normal residuals; σ = MAR / 0.6745 for a normal law.
TUKEY_CONSTANT: Final = 4.685
NORMAL_MAR: Final = 0.6745

Kernel = Callable[[Tensor, Tensor], Tensor]


def robust_scale(residuals: Tensor) -> Tensor:
    """Scale k = 4.685 σ̂, σ̂ = MAR/0.6745, MAR the median absolute residual; no gradient.

    Parameters
    ----------
    residuals
        ``(k,)``; all residuals of the batch, DFT and weak ones together (Shui et al. 2022), or the
        part of them that this process has.

    Returns
    -------
    Tensor
        Scalar, positive.
    """
    everything = everywhere(residuals)
    if everything.numel() == 0:
        return residuals.new_ones(())
    mar = everything.abs().median()
    return (TUKEY_CONSTANT / NORMAL_MAR * mar).clamp(min=1e-12)


def squared(residual: Tensor, scale: Tensor) -> Tensor:
    """r²; the scale is not used."""
    return residual.square()


def absolute(residual: Tensor, scale: Tensor) -> Tensor:
    """|r|; the scale is not used."""
    return residual.abs()


def huber(residual: Tensor, scale: Tensor) -> Tensor:
    """r² up to |r| = k/4.685·1.345, linear beyond (Huber's constant on the same σ̂)."""
    delta = scale * (1.345 / TUKEY_CONSTANT)
    size = residual.abs()
    return torch.where(size <= delta, residual.square(), delta * (2 * size - delta))


def tukey(residual: Tensor, scale: Tensor) -> Tensor:
    """Tukey's biweight: k²/6 [1 − (1 − (r/k)²)³] for |r| ≤ k, else k²/6."""
    inside = (1.0 - (residual / scale).square()).clamp(min=0.0)
    return scale.square() / 6.0 * (1.0 - inside.pow(3))


KERNELS: Final[dict[KernelName, Kernel]] = {
    "squared": squared,
    "absolute": absolute,
    "huber": huber,
    "tukey": tukey,
}
