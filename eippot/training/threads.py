"""How many threads a training runs on: as many as make it fast, which are often few."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final

import torch

#: a number of threads is tried this long [s], and at least once beside a first time.
_SECONDS: Final = 0.5
#: more threads have to be faster by this factor: others may need the cores.
_GAIN: Final = 1.15


@contextmanager
def number_of_threads(threads: int) -> Iterator[None]:
    """Let torch use so many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def fastest_number_of_threads(step: Callable[[], object]) -> int:
    """Try a training step on 1, 2, 4 … threads, as long as that makes it faster.

    Steps on small batches gain nothing from a second thread, and lose much where other programs
    keep the cores busy.

    Parameters
    ----------
    step
        Does a step, without lasting effects.
    """
    available = _available()
    if available == 1:
        return 1
    best, shortest = 1, _seconds(step, 1)
    while 2 * best <= available:
        seconds = _seconds(step, 2 * best)
        if seconds * _GAIN > shortest:
            break
        best, shortest = 2 * best, seconds
    return best


def _seconds(step: Callable[[], object], threads: int) -> float:
    with number_of_threads(threads):
        return min(islice(_times(step), 1, None))


def _times(step: Callable[[], object]) -> Iterator[float]:
    end = time.perf_counter() + _SECONDS
    for _ in range(2):
        yield _time(step)
    while time.perf_counter() < end:
        yield _time(step)


def _time(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _available() -> int:
    """Cores of this process, or what OMP_NUM_THREADS says."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() else len(os.sched_getaffinity(0))
