"""Functions of distances and angles, against scipy."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
import torch
from scipy.special import eval_legendre, lpmv, spherical_jn

from eippot.models.blocks.angular import DihedralBasis, LegendreBasis
from eippot.models.blocks.radial import (
    SmoothBesselBasis,
    SphericalBesselBasis,
    spherical_bessel_zeros,
)
from eippot.testing.subject import Precision

CUTOFF: Final = 4.0
NODES, WEIGHTS = np.polynomial.legendre.leggauss(80)


def _radii() -> tuple[torch.Tensor, torch.Tensor]:
    """Nodes r and weights of the mean over the sphere of radius CUTOFF."""
    x = 0.5 * (NODES + 1.0)
    return torch.from_numpy(CUTOFF * x), torch.from_numpy(1.5 * WEIGHTS * x**2)


def test_zeros_of_spherical_bessel_functions() -> None:
    """They are zeros, and none is left out: the sign changes as often as there are zeros."""
    zeros = spherical_bessel_zeros(7, 6)
    np.testing.assert_allclose(zeros[0], np.pi * np.arange(1, 7))
    for order, row in enumerate(zeros):
        np.testing.assert_allclose(spherical_jn(order, row), 0.0, atol=1e-13)
        x = np.linspace(0.1, row[-1] + 0.1, 5000)
        assert (np.diff(np.sign(spherical_jn(order, x))) != 0).sum() == 6


def test_spherical_bessel_functions_and_their_slopes(precision: Precision) -> None:
    """At every distance, also where closed forms and recurrences lose their digits."""
    basis = SphericalBesselBasis(7, 6, CUTOFF)
    r = torch.linspace(0.0, CUTOFF, 57, dtype=precision.dtype, requires_grad=True)
    found = basis(r)
    zeros = spherical_bessel_zeros(7, 6)
    for order, n in np.ndindex(7, 6):
        z = zeros[order, n]
        norm = np.sqrt(2 / 3) / abs(spherical_jn(order + 1, z))
        x = z / CUTOFF * r.detach().double().numpy()
        (slope,) = torch.autograd.grad(found[:, order, n].sum(), r, retain_graph=True)
        for values, expected in (
            (found[:, order, n].detach(), norm * spherical_jn(order, x)),
            (slope, norm * z / CUTOFF * spherical_jn(order, x, derivative=True)),
        ):
            error = np.abs(values.numpy() - expected).max() / np.abs(expected).max()
            assert error < precision.tolerance, (order, n)


def test_spherical_bessel_functions_are_orthonormal() -> None:
    r, weights = _radii()
    functions = SphericalBesselBasis(7, 6, CUTOFF)(r)
    gram = torch.einsum("r,rln,rlk->lnk", weights, functions, functions)
    torch.testing.assert_close(gram, torch.eye(6).double().expand(7, 6, 6), rtol=0, atol=1e-12)


def test_smooth_bessel_functions() -> None:
    """Mean square one; at δ before the cutoff they fall as δ⁴: δ³ (envelope) times δ (wave)."""
    basis = SmoothBesselBasis(4, 3, CUTOFF)
    r, weights = _radii()
    mean_square = torch.einsum("r,rln->ln", weights, basis(r).square())
    torch.testing.assert_close(mean_square, torch.ones(4, 3).double(), rtol=0, atol=1e-12)
    ends = basis(CUTOFF - torch.tensor([0.002, 0.001, 0.0, -0.1]).double())
    assert (torch.log2(ends[0] / ends[1]) - 4.0).abs().max() < 0.01
    assert (ends[2:] == 0).all()


def test_legendre_polynomials(precision: Precision) -> None:
    x = torch.linspace(-1, 1, 31, dtype=precision.dtype)
    found = LegendreBasis(7)(x)
    for degree in range(7):
        expected = np.sqrt(2 * degree + 1) * eval_legendre(degree, x.double().numpy())
        np.testing.assert_allclose(found[degree].numpy(), expected, atol=10 * precision.tolerance)


def test_legendre_polynomials_are_orthonormal() -> None:
    found = LegendreBasis(7)(torch.from_numpy(NODES))
    gram = torch.einsum("x,lx,kx->lk", torch.from_numpy(0.5 * WEIGHTS), found, found)
    torch.testing.assert_close(gram, torch.eye(7).double(), rtol=0, atol=1e-12)


def _dihedral_basis(
    cos_cab: torch.Tensor, cos_abd: torch.Tensor, theta: torch.Tensor
) -> torch.Tensor:
    """All functions ``(count, K)`` for ``(K,)`` angles, degrees below 4."""
    w = (1 - cos_cab.square()) * (1 - cos_abd.square())
    u = w.sqrt() * theta.cos()
    basis = DihedralBasis(4)
    found: torch.Tensor = basis(cos_cab[:, None], u[:, None, None], w[:, None, None], torch.ones(1))
    return found[:, :, 0, 0].T


def test_dihedral_functions_are_spherical_harmonics(precision: Precision) -> None:
    random = torch.Generator().manual_seed(0)
    cos_cab, cos_abd, turn = torch.rand(3, 20, generator=random, dtype=precision.dtype) * 2 - 1
    theta = torch.pi * turn
    found = _dihedral_basis(cos_cab, cos_abd, theta)
    x, y, angle = (t.double().numpy() for t in (cos_cab, cos_abd, theta))
    pairs = [(degree, m) for m in range(4) for degree in range(m, 4)]
    for row, (degree, m) in zip(found, pairs, strict=True):
        expected = lpmv(m, degree, x) * np.cos(m * angle) * (1 - y**2) ** (m / 2)
        norm = row[0].item() / expected[0]
        np.testing.assert_allclose(row.numpy(), norm * expected, atol=100 * precision.tolerance)
    assert DihedralBasis(4).degree.tolist() == [degree for degree, _ in pairs]


def test_dihedral_functions_are_orthonormal() -> None:
    """In the mean over the directions of both ends."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    angles = 2 * np.pi * np.arange(12) / 12
    grid = [torch.from_numpy(g.ravel()) for g in np.meshgrid(nodes, nodes, angles)]
    mesh = np.meshgrid(weights / 2, weights / 2, np.full(12, 1 / 12))
    measure = torch.from_numpy(np.prod(mesh, axis=0).ravel())
    found = _dihedral_basis(*grid)
    gram = torch.einsum("k,ik,jk->ij", measure, found, found)
    torch.testing.assert_close(gram, torch.eye(10).double(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_dihedral_functions_are_smooth_where_atoms_are_in_line(sign: float) -> None:
    """Polynomials in the directions c, b, d: derivatives exist at c = ±b, at d = ±b and at both."""
    basis = DihedralBasis(4)
    b = torch.tensor([0.0, 0.0, 1.0]).double()

    def functions(c: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
        cos_c, cos_d = c @ b, d @ b
        w = (1 - cos_c**2) * (1 - cos_d**2)
        u = c @ d - cos_c * cos_d
        found: torch.Tensor = basis(cos_c[None], u[None, None], w[None, None], torch.ones(1))
        return found.flatten()

    bent = torch.tensor([0.6, 0.0, 0.8]).double()
    for c, d in ((sign * b, bent), (bent, sign * b), (sign * b, sign * b)):
        ends = (c.clone().requires_grad_(), d.clone().requires_grad_())
        assert torch.autograd.gradcheck(functions, ends)
        assert torch.autograd.gradgradcheck(functions, ends)
