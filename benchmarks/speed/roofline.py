"""What one core could do at best with SchNet-128×3 on 28 neighbors: arithmetic, and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

CHANNELS: Final = 128
INTERACTIONS: Final = 3
NEIGHBORS: Final = 28
BYTES: Final = 4  # of a float32
#: sizes of the measurements of the core: matrices that stay in the cache, arrays that do not.
GEMM_ROWS, COPIED = 4096, 64 * 1024**2
REPEATS: Final = 20


@dataclass(frozen=True)
class Work:
    """What a step takes per atom, energies and forces.

    Attributes
    ----------
    matrix_products
        Multiply-adds in products of matrices.
    edges
        Multiply-adds along edges.
    bytes
        That have to be read or written at least.
    """

    matrix_products: float
    edges: float
    bytes: float


def schnet_work() -> Work:
    """Multiply-adds and bytes of a SchNet with tables.

    The values that neighbors send in the first interaction depend on their species alone, so that
    they and the layer behind the sum can be in the tables: it has one layer left, each other one
    has three, and backward there are as many. The read-out has half the width.

    For each edge, channel and interaction: a cubic filter (3) and the sum (1); backward, its
    derivative (2), the filter again (3), what they are multiplied by (2) and the sum (1).

    In memory are the values that neighbors read, but those of the first interaction, and the
    gradients by the sums, each written and read; and the lists of neighbors, indices and vectors.
    What neighbors read is counted once, since atoms near in space are near in memory; the tables
    stay in the cache.
    """
    layers = (1 + 3 * (INTERACTIONS - 1)) * CHANNELS**2 + CHANNELS * CHANNELS // 2
    per_edge = INTERACTIONS * CHANNELS * (3 + 1 + 2 + 3 + 2 + 1)
    rows = 2 * INTERACTIONS - 1
    lists = NEIGHBORS * (1 + 3) * BYTES
    return Work(2 * layers, NEIGHBORS * per_edge, 2 * rows * CHANNELS * BYTES + lists)


@dataclass(frozen=True)
class Core:
    """Measured rates of one core.

    Attributes
    ----------
    multiply_adds
        Per second, of a product of float32 matrices as wide as the network.
    bandwidth
        Bytes per second that a copy reads and writes.
    """

    multiply_adds: float
    bandwidth: float

    def floors(self, work: Work) -> tuple[float, float]:
        """Least time per atom by arithmetic and by memory [µs]."""
        arithmetic = (work.matrix_products + work.edges) / self.multiply_adds
        return 1e6 * arithmetic, 1e6 * work.bytes / self.bandwidth


def measure_core() -> Core:
    """Measure this core; numpy's libraries should have one thread."""
    rows = np.ones((GEMM_ROWS, CHANNELS), dtype=np.float32)
    square = np.ones((CHANNELS, CHANNELS), dtype=np.float32)
    product = np.empty_like(rows)
    source = np.ones(COPIED, dtype=np.uint8)
    target = np.empty_like(source)
    gemm = _least_seconds(lambda: np.matmul(rows, square, out=product))
    copy = _least_seconds(lambda: np.copyto(target, source))
    return Core(rows.size * CHANNELS / gemm, 2 * COPIED / copy)


def _least_seconds(function: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)
