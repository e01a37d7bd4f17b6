"""Functions of a distance: expansion, cutoff, activation."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.polynomial import chebyshev
from scipy.optimize import brentq
from scipy.special import spherical_jn
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


class SphericalBesselBasis(nn.Module):
    """Spherical Bessel functions that vanish at the cutoff, ``j_l(z_ln r/cutoff)``.

    Waves of a free particle in a hard sphere (Gasteiger et al., ICLR 2020, eq. 6), here of mean
    square one: ``(3/c³) ∫ f_ln f_ln' r² dr = δ_nn'``. For l = 0 they are sin(nπr/c)/r.

    Closed forms and recurrences of j_l lose all digits at small arguments. The functions are
    band-limited on 0 … cutoff, where a Chebyshev series gives them and their derivatives to
    rounding.

    Parameters
    ----------
    orders
        Number of orders, l < orders.
    count
        Functions per order, 1 ≤ n ≤ count.
    cutoff
        Radius of the sphere [Å].
    """

    def __init__(self, orders: int, count: int, cutoff: float) -> None:
        super().__init__()
        self.orders = orders
        self.count = count
        self.cutoff = cutoff
        self.series = nn.Buffer(_bessel_series(orders, count), persistent=False)

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(E, orders, count)``."""
        t = (2.0 / self.cutoff * distances - 1.0).clamp(max=1.0).unsqueeze(1)
        terms = torch.cat([torch.ones_like(t), t], dim=1)  # T_0 … T_k, k doubles
        while terms.shape[1] < self.series.shape[0]:
            lower, last = terms[:, :-1], terms[:, -1:]
            terms = torch.cat([terms, 2.0 * last * terms[:, 1:] - lower.flip(1)], dim=1)
        terms = terms[:, : self.series.shape[0]]
        functions = terms @ self.series.to(terms.dtype)
        return functions.view(distances.shape[0], self.orders, self.count)


def _bessel_series(orders: int, count: int) -> Tensor:
    """Chebyshev coefficients ``(terms, orders·count)`` of the functions on −1 … 1."""
    zeros = spherical_bessel_zeros(orders, count)
    terms = 24 + int(0.7 * zeros.max())  # half the largest zero is the bandwidth; then a fast tail
    t = chebyshev.chebpts1(terms)
    order = np.arange(orders)[:, None]
    norm = math.sqrt(2.0 / 3.0) / np.abs(spherical_jn(order + 1, zeros))
    values = spherical_jn(order[..., None], 0.5 * zeros[..., None] * (1.0 + t))
    columns = (norm[..., None] * values).reshape(-1, terms).T
    return torch.from_numpy(chebyshev.chebfit(t, columns, terms - 1))


def spherical_bessel_zeros(orders: int, count: int) -> np.ndarray:
    """Zeros z_ln ``(orders, count)`` of j_l: between two of j_l there is one of j_(l+1)."""
    found = math.pi * np.arange(1, count + orders)
    rows = [found[:count]]
    for order in range(1, orders):
        function = partial(spherical_jn, order)
        found = np.array([brentq(function, *pair, xtol=1e-13) for pair in pairwise(found)])
        rows.append(found[:count])
    return np.stack(rows)


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


class SmoothBesselBasis(nn.Module):
    """Spherical Bessel functions times the envelope: smooth at the cutoff, of mean square one.

    Parameters
    ----------
    orders, count, cutoff
        As for SphericalBesselBasis.
    """

    def __init__(self, orders: int, count: int, cutoff: float) -> None:
        super().__init__()
        self.functions = SphericalBesselBasis(orders, count, cutoff)
        self.envelope = PolynomialCutoff(cutoff)
        self.norm = nn.Buffer(torch.ones((orders, count), dtype=torch.float64), persistent=False)
        nodes, weights = np.polynomial.legendre.leggauss(32 + 2 * (orders + count))
        x = torch.from_numpy(0.5 * (nodes + 1.0))
        measure = 1.5 * torch.from_numpy(weights) * x.square()
        mean_square = torch.einsum("e,eln->ln", measure, self.forward(cutoff * x).square())
        self.norm.copy_(mean_square.rsqrt())

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(E, orders, count)``."""
        envelope = self.envelope(distances)[:, None, None]
        smooth: Tensor = self.functions(distances) * envelope * self.norm.to(distances.dtype)
        return smooth


class ShiftedSoftplus(nn.Module):
    """ssp(x) = ln(½ eˣ + ½) (Schütt et al. 2018): smooth, and zero at zero."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, element by element."""
        return functional.softplus(x) - math.log(2.0)


def edge_lengths(edge_vectors: Tensor) -> Tensor:
    """Length ``(E,)`` [Å] of each edge vector ``(E, 3)``."""
    lengths: Tensor = torch.linalg.vector_norm(edge_vectors, dim=1)
    return lengths
