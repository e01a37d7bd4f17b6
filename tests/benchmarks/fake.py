"""A contestant of the speed benchmark that measures nothing."""

from __future__ import annotations

from itertools import count

from benchmarks.speed.serving import Kinds, Prepared, Setting


def counting(setting: Setting) -> Prepared:
    """Figures are 1, 2, 3, … times a factor."""
    print("said while preparing")
    numbers = count(1)
    return Prepared(lambda seconds: next(numbers) * float(setting["factor"]), {"prepared": True})


def failing(setting: Setting) -> Prepared:
    """Cannot be prepared."""
    raise ValueError("not with\n  me")


KINDS: Kinds = {"counting": counting, "failing": failing}
