"""Kernels: Tukey's biweight by its formula, and what a far outlier costs."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from eippot.losses.kernels import KERNELS, absolute, huber, robust_scale, squared, tukey

K = torch.tensor(2.0, dtype=torch.float64)


def _values(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_tukey_by_its_formula() -> None:
    r = 0.7
    expected = 4.0 / 6.0 * (1.0 - (1.0 - (r / 2.0) ** 2) ** 3)
    assert tukey(_values(r, -r), K).tolist() == pytest.approx([expected] * 2)


def test_tukey_is_half_a_square_near_zero() -> None:
    assert tukey(_values(1e-4), K).item() == pytest.approx(0.5e-8, rel=1e-6)


def test_tukey_is_flat_beyond_k() -> None:
    r = _values(2.0, -2.0, 2.5, 1e6)
    cost = tukey(r, K)
    assert cost.tolist() == pytest.approx([4.0 / 6.0] * 4)
    (gradient,) = torch.autograd.grad(cost.sum(), r)
    assert gradient.tolist() == [0.0] * 4


def test_tukey_pulls_below_k() -> None:
    r = _values(0.5, -1.0, 1.9)
    (gradient,) = torch.autograd.grad(tukey(r, K).sum(), r)
    expected = [x * (1 - (x / 2) ** 2) ** 2 for x in (0.5, -1.0, 1.9)]
    assert gradient.tolist() == pytest.approx(expected)


def test_scale_is_the_median_absolute_residual() -> None:
    residuals = _values(1.0, -2.0, 3.0, -4.0, 500.0)
    assert float(robust_scale(residuals)) == pytest.approx(4.685 * 3.0 / 0.6745)


def test_scale_has_no_gradient() -> None:
    assert not robust_scale(_values(1.0, -2.0, 3.0)).requires_grad


@pytest.mark.parametrize("residuals", [[], [0.0, 0.0, 0.0]])
def test_scale_is_positive(residuals: list[float]) -> None:
    scale = robust_scale(torch.tensor(residuals))
    assert scale > 0
    assert torch.isfinite(tukey(torch.tensor([0.0, 1.0]), scale)).all()


def test_squared_and_absolute() -> None:
    assert squared(_values(3.0, -2.0), K).tolist() == [9.0, 4.0]
    assert absolute(_values(3.0, -2.0), K).tolist() == [3.0, 2.0]


def test_huber_is_square_then_line() -> None:
    delta = 2.0 * 1.345 / 4.685
    inside, outside = huber(_values(0.5 * delta, -3.0), K).tolist()
    assert inside == pytest.approx(0.25 * delta**2)
    assert outside == pytest.approx(delta * (6.0 - delta))


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_even_and_rise(name: str) -> None:
    r = torch.linspace(0, 3, 31, dtype=torch.float64)
    cost = KERNELS[name](r, K)  # type: ignore[index]
    torch.testing.assert_close(KERNELS[name](-r, K), cost)  # type: ignore[index]
    assert cost[0] == 0
    assert (cost.diff() >= 0).all()


def test_a_normal_law_gives_its_standard_deviation() -> None:
    torch.manual_seed(0)
    scale = robust_scale(0.3 * torch.randn(20001))
    assert float(scale) / 4.685 == pytest.approx(0.3, rel=0.03)
    assert math.isfinite(float(scale))
