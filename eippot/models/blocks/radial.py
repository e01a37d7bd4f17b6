"""Functions of a distance: expansion, cutoff, activation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class GaussianBasis(nn.Module):
    """Expansion of a distance in Gaussians with equally spaced centers, 0 … cutoff.

    Parameters
    ----------
    count
        Number of Gaussians.
    cutoff
        Center of the last one [Å]; the width equals the spacing.
    """

    def __init__(self, count: int, cutoff: float) -> None:
        super().__init__()
        self.centers = nn.Buffer(torch.linspace(0.0, cutoff, count), persistent=False)
        self.exponent = -0.5 * ((count - 1) / cutoff) ** 2

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(E, count)``."""
        return torch.exp(self.exponent * (distances.unsqueeze(1) - self.centers).square())


class BesselBasis(nn.Module):
    """Spherical Bessel functions of order zero that vanish at the cutoff.

    B_k(r) = √(2/c) sin(kπr/c)/r, k = 1 … count (Gasteiger et al., ICLR 2020, eq. 7); the integral
    of B_k B_k' r² from 0 to c is δ_kk'.

    Parameters
    ----------
    count
        Number of functions.
    cutoff
        Radius c at which all of them are zero [Å].
    """

    def __init__(self, count: int, cutoff: float) -> None:
        super().__init__()
        self.orders = nn.Buffer(torch.arange(1.0, count + 1.0), persistent=False)
        self.wave_number = math.pi / cutoff
        self.norm = math.sqrt(2.0 / cutoff)

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å], none of them zero → ``(E, count)``."""
        r = distances.unsqueeze(1)  # (E, 1)
        return self.norm * torch.sin(self.wave_number * self.orders * r) / r


class PolynomialCutoff(nn.Module):
    """Envelope that falls from 1 at 0 to 0 at the cutoff, with three continuous derivatives.

    u(x) = 1 − (p+1)(p+2)/2 xᵖ + p(p+2) xᵖ⁺¹ − p(p+1)/2 xᵖ⁺², x = r/cutoff, p = 6, whose first
    and second derivatives vanish at x = 1 (Gasteiger et al., ICLR 2020, eq. 8).

    Parameters
    ----------
    cutoff
        Radius beyond which the envelope is zero [Å].
    """

    def __init__(self, cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(E,)``."""
        x = (distances / self.cutoff).clamp(max=1.0)
        x6 = x.pow(6)
        envelope: Tensor = 1.0 - x6 * (28.0 - x * (48.0 - 21.0 * x))
        return envelope


class ShiftedSoftplus(nn.Module):
    """ssp(x) = ln(½ eˣ + ½) (Schütt et al. 2018): smooth, and zero at zero."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, element by element."""
        return functional.softplus(x) - math.log(2.0)


def edge_lengths(edge_vectors: Tensor) -> Tensor:
    """Length ``(E,)`` [Å] of each edge vector ``(E, 3)``."""
    lengths: Tensor = torch.linalg.vector_norm(edge_vectors, dim=1)
    return lengths
