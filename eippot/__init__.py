"""eippot: neural interatomic potentials that learn from empirical ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eippot.version import __version__

__all__ = ["EippotCalculator", "__version__"]

if TYPE_CHECKING:
    from eippot.deployment.calculator import EippotCalculator


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the public names, imported when first used
    if name == "EippotCalculator":
        from eippot.deployment.calculator import EippotCalculator

        return EippotCalculator
    raise AttributeError(f"module 'eippot' has no attribute {name!r}")
