"""The physics suite: what holds for every architecture, ready to be inherited by a new one.

``python -m eippot.testing my_module:MyNetwork`` prints a table; in pytest, parametrize over
``CHECKS`` and over the Subjects of a small configuration. See docs/adding-an-architecture.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["ARCHITECTURES", "CHECKS", "PRECISIONS", "Check", "Precision", "Subject", "title"]

if TYPE_CHECKING:
    from eippot.testing.architectures import ARCHITECTURES
    from eippot.testing.checks import CHECKS, Check, title
    from eippot.testing.subject import PRECISIONS, Precision, Subject

_ROOMS = {"architectures": ("ARCHITECTURES",), "subject": ("PRECISIONS", "Precision", "Subject")}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the public names, imported when first used
    if name not in __all__:
        raise AttributeError(f"module 'eippot.testing' has no attribute {name!r}")
    rooms = [room for room, names in _ROOMS.items() if name in names]
    return getattr(import_module(f"eippot.testing.{rooms[0] if rooms else 'checks'}"), name)
