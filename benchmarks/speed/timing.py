"""Time of a function that is called again and again."""

from __future__ import annotations

import time
from collections.abc import Callable


def timed(evaluate: Callable[[], object], n_atoms: int) -> Callable[[float], float]:
    """Call it once; how to measure it then [µs per atom]."""
    evaluate()

    def measure(seconds: float) -> float:
        began, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - began < seconds:
            evaluate()
            calls += 1
        return 1e6 * (time.perf_counter() - began) / calls / n_atoms

    return measure
