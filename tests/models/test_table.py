"""Tables of functions of a distance."""

from __future__ import annotations

import torch
from torch import Tensor

from eippot.models.blocks.table import RadialTable

CUTOFF = 4.0


def _cubics(distances: Tensor) -> Tensor:
    r = distances.unsqueeze(1)
    return torch.cat([1.0 - r, r**2 - 3.0 * r**3], dim=1)


def _wave(distances: Tensor) -> Tensor:
    """Zero at the cutoff, with its first derivative."""
    smooth = (1.0 - distances / CUTOFF) ** 2
    return (smooth * torch.sin(5.0 * distances)).unsqueeze(1)


def test_cubic_functions_are_exact() -> None:
    table = RadialTable(_cubics, CUTOFF, bins=3)
    distances = torch.linspace(0.0, CUTOFF, 57, dtype=torch.float64)
    torch.testing.assert_close(table(distances), _cubics(distances), rtol=0, atol=1e-12)


def test_the_error_falls_with_the_fourth_power_of_the_width() -> None:
    distances = torch.linspace(0.0, CUTOFF, 5001, dtype=torch.float64)
    exact = _wave(distances)
    coarse, fine = (
        float((RadialTable(_wave, CUTOFF, bins)(distances) - exact).abs().max())
        for bins in (64, 128)
    )
    assert 14.0 < coarse / fine < 18.0
    assert fine < 1e-5


def test_nothing_beyond_the_cutoff() -> None:
    distances = torch.tensor([CUTOFF, CUTOFF + 1e-3, 9.0], dtype=torch.float64, requires_grad=True)
    values = RadialTable(_wave, CUTOFF, bins=16)(distances)
    values.sum().backward()
    assert not values.any()
    assert distances.grad is not None
    assert not distances.grad[1:].any()


def test_the_derivative_is_that_of_the_table() -> None:
    table = RadialTable(_wave, CUTOFF, bins=7)
    distances = torch.rand(50, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    distances = (CUTOFF * distances).requires_grad_()
    assert torch.autograd.gradcheck(table, (distances,))
