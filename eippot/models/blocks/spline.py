"""Functions of a distance that are known at knots: splines, differentiable by the values there."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from torch import Tensor, nn

#: of the spline; it has four continuous derivatives.
DEGREE: Final = 5

#: from values, first and second derivatives at both ends of a bin of width 1 to a polynomial.
_HERMITE: Final = (
    (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.5, 0.0, 0.0, 0.0),
    (-10.0, -6.0, -1.5, 10.0, -4.0, 0.5),
    (15.0, 8.0, 1.5, -15.0, 7.0, -1.0),
    (-6.0, -3.0, -0.5, 6.0, -3.0, 0.5),
)


class RadialSpline(nn.Module):
    """Interpolation of functions of the distance by splines of degree 5.

    A training step evaluates networks of the distance at the knots alone, instead of on each edge.
    With bins of width h a spline is wrong by about h⁶/30,000 times the sixth derivative. All is in
    float64: slopes between knots that are near feel the last digits of the values there.

    Parameters
    ----------
    cutoff
        The last knot [Å]; the first one is at 0.
    bins
        Number of pieces of equal width, at least 5.

    Attributes
    ----------
    distances
        ``(bins + 1,)`` the knots [Å].
    """

    def __init__(self, cutoff: float, bins: int) -> None:
        super().__init__()
        self.cutoff, self.bins = cutoff, bins
        distances = torch.linspace(0.0, cutoff, bins + 1, dtype=torch.float64)
        self.distances = nn.Buffer(distances, persistent=False)
        knots = np.arange(bins + 1.0)
        spline = make_interp_spline(knots, np.eye(bins + 1), DEGREE)
        derivatives = np.stack([spline(knots, 1), spline(knots, 2)])  # by values at knots
        self.derivatives = nn.Buffer(torch.from_numpy(derivatives), persistent=False)
        hermite = torch.tensor(_HERMITE, dtype=torch.float64)
        self.hermite = nn.Buffer(hermite, persistent=False)

    def positions(self, distances: Tensor) -> Tensor:
        """Distances [Å] in units of the width of a bin."""
        return distances * (self.bins / self.cutoff)

    def forward(self, values: Tensor) -> Tensor:
        """Coefficients ``(bins, 6, C)`` from values ``(bins + 1, C)`` at the knots.

        In bin k the function is Σ_m c_km (x − k)ᵐ of the position x.
        """
        nodes = torch.cat([values.unsqueeze(0), self.derivatives @ values])  # (3, bins + 1, C)
        ends = torch.cat([nodes[:, :-1], nodes[:, 1:]])  # (6, bins, C)
        coefficients = self.hermite @ ends.flatten(1)  # one large product, not one per bin
        return coefficients.view_as(ends).transpose(0, 1)
