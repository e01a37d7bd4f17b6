"""eippot: neural interatomic potentials that learn from empirical ones."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from eippot.version import __version__

__all__ = ["EippotCalculator", "EippotTorchSimModel", "StackCalculator", "__version__"]

if TYPE_CHECKING:
    from eippot.deployment.calculator import EippotCalculator
    from eippot.deployment.stacked import StackCalculator
    from eippot.deployment.torch_sim import EippotTorchSimModel

_MODULES: Final = {
    "EippotCalculator": "calculator",
    "EippotTorchSimModel": "torch_sim",
    "StackCalculator": "stacked",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the public names, imported when first used
    if name in _MODULES:
        return getattr(importlib.import_module(f"eippot.deployment.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'eippot' has no attribute {name!r}")
