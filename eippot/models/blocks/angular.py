"""Functions of angles, written in cosines: no angle is ever computed, so none can be singular."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LegendreBasis(nn.Module):
    """Legendre polynomials of the cosine of an angle, ``√(2l+1) P_l(cos φ)``, l < count.

    These are the spherical harmonics Y_l0, of mean square one over the sphere.

    Parameters
    ----------
    count
        Number of degrees.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.norms = _norms(count, 0)

    def forward(self, cosines: Tensor) -> Tensor:
        """``(…, j)`` → ``(…, count, j)``."""
        rows = _legendre(cosines, self.norms, 0)
        return torch.stack(rows, dim=-2)


class DihedralBasis(nn.Module):
    """Spherical harmonics of one angle and the dihedral of a chain of atoms c–a–b–d.

    ``N_lm P_l^m(cos φ_cab) cos(m θ_cabd) sin^m φ_abd``, 0 ≤ m ≤ l < degrees. Without the last
    factor they are those real spherical harmonics of the direction a→c about the axis a→b that a
    mirror leaves alone (all others would tell left from right).

    The dihedral θ is undefined where c–a–b or a–b–d is straight. There P_l^m or the last factor
    vanishes, and makes cos(mθ) a polynomial in u = sin φ_cab sin φ_abd cos θ and
    w = (sin φ_cab sin φ_abd)²: C_0 = 1, C_1 = u, C_(m+1) = 2u C_m − w C_(m−1).

    The mean square over the directions of c and d is one.

    Parameters
    ----------
    degrees
        Number of degrees l.
    """

    def __init__(self, degrees: int) -> None:
        super().__init__()
        self.degrees = degrees
        self.count = degrees * (degrees + 1) // 2
        self.norms = [_norms(degrees, m) for m in range(degrees)]
        rows = [torch.arange(m, degrees) for m in range(degrees)]
        self.degree = nn.Buffer(torch.cat(rows), persistent=False)

    def forward(self, cos_cab: Tensor, u: Tensor, w: Tensor, allowed: Tensor) -> Tensor:
        """All functions of all chains; see the class for u and w.

        Parameters
        ----------
        cos_cab
            ``(…, b)``.
        u, w
            ``(…, b, d)``.
        allowed
            ``(…, b, d)``, or fewer axes: the result is multiplied by it.

        Returns
        -------
        Tensor
            ``(…, count, b, d)``; ``degree`` tells the degree l of each function.
        """
        rows: list[Tensor] = []
        previous, current = torch.zeros_like(u), allowed.expand_as(u)
        for m, norms in enumerate(self.norms):
            for polar in _legendre(cos_cab, norms, m):
                rows.append(polar.unsqueeze(-1) * current)
            following = (2.0 if m > 0 else 1.0) * u * current - w * previous
            previous, current = current, following
        return torch.stack(rows, dim=-3)


def _legendre(x: Tensor, norms: list[float], order: int) -> list[Tensor]:
    """N_lm P_l^m(x)/(1 − x²)^(m/2), l ≥ m = order, without the sign (−1)^m."""
    current = torch.ones_like(x)
    for k in range(order):
        current = (2 * k + 1) * current
    previous = torch.zeros_like(x)
    rows: list[Tensor] = []
    for k, norm in enumerate(norms):
        rows.append(norm * current)
        degree = order + k
        following = (2 * degree + 1) * x * current - (degree + order) * previous
        previous, current = current, following / (degree - order + 1)
    return rows


def _norms(degrees: int, order: int) -> list[float]:
    """Factors N_lm, order = m ≤ l < degrees, that make the mean square one."""
    inverse_mean_cosine = 2.0 if order > 0 else 1.0  # of cos²(mθ)
    inverse_mean_sine = math.prod((2 * k + 1) / (2 * k) for k in range(1, order + 1))  # of sin²ᵐφ
    inverse_mean_polar = [
        (2 * degree + 1) * math.factorial(degree - order) / math.factorial(degree + order)
        for degree in range(order, degrees)
    ]
    return [math.sqrt(a * inverse_mean_cosine * inverse_mean_sine) for a in inverse_mean_polar]
