"""Layers that leave the size of activations as it is, without biases: zero in, zero out."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional


class ScaledSiLU(nn.Module):
    """SiLU/0.6: unit variance in, about unit mean square out (Gasteiger et al. 2021)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, element by element."""
        return functional.silu(x) / 0.6


def linear(n_in: int, n_out: int) -> nn.Linear:
    """Linear map without bias whose random weights keep the mean square."""
    layer = nn.Linear(n_in, n_out, bias=False)
    nn.init.normal_(layer.weight, std=1.0 / math.sqrt(n_in))
    return layer


def dense(n_in: int, n_out: int) -> nn.Sequential:
    """Linear map and activation."""
    return nn.Sequential(linear(n_in, n_out), ScaledSiLU())


class Residual(nn.Module):
    """x ← (x + MLP(x))/√2, with two dense layers.

    Parameters
    ----------
    channels
        Size of the last axis.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(dense(channels, channels), dense(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(…, channels)``."""
        out: Tensor = (x + self.layers(x)) / math.sqrt(2.0)
        return out
