"""Functions of a distance, read from a table."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class RadialTable(nn.Module):
    """Piecewise cubic interpolation of a function of the distance.

    Values and derivatives are those of the function at the knots (Hermite interpolation), so that
    the table has a continuous derivative; with pieces of the width h it is wrong by up to
    h⁴/384 times the fourth derivative.

    Parameters
    ----------
    function
        From distances ``(E,)`` [Å] to values ``(E, d)``; differentiable, zero beyond the cutoff.
    cutoff
        The last knot [Å]; the first one is at 0.
    bins
        Number of pieces of equal width.

    Attributes
    ----------
    knots
        ``(bins + 1, 2, d)``: the values, and the derivatives times the width of a piece.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], cutoff: float, bins: int) -> None:
        super().__init__()
        self.per_angstrom = bins / cutoff
        self.bins = bins
        distances = torch.linspace(0.0, cutoff, bins + 1, dtype=torch.float64)
        values, slopes = torch.func.jvp(function, (distances,), (torch.ones_like(distances),))  # type: ignore[misc]
        self.knots = nn.Buffer(torch.stack([values, slopes / self.per_angstrom], dim=1))

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(E, d)``; zero beyond the cutoff."""
        position = (distances * self.per_angstrom).clamp(max=float(self.bins))
        piece = position.detach().to(torch.int64).clamp(max=self.bins - 1)  # (E,)
        t = (position - piece).unsqueeze(1)  # (E, 1), 0 … 1
        left, right = self.knots[piece], self.knots[piece + 1]  # (E, 2, d)
        step = right[:, 0] - left[:, 0]
        curve = (1.0 - t) * (left[:, 1] - step) - t * (right[:, 1] - step)
        values: Tensor = left[:, 0] + t * (step + (1.0 - t) * curve)
        return values
