"""The core that the others run on: its rates, for the roofline."""

from __future__ import annotations

from benchmarks.speed.roofline import measure_core
from benchmarks.speed.serving import Kinds, Prepared, Setting


def multiply_adds(setting: Setting) -> Prepared:
    """Rate of products of matrices [multiply-adds/s]."""
    return Prepared(lambda seconds: measure_core().multiply_adds)


def bandwidth(setting: Setting) -> Prepared:
    """Rate of copies [bytes/s], read and written."""
    return Prepared(lambda seconds: measure_core().bandwidth)


KINDS: Kinds = {"multiply-adds": multiply_adds, "bandwidth": bandwidth}
