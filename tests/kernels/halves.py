"""A structure whose atoms are divided among two processes, which exchange rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from eippot.kernels.engine import Engine, Evaluation, Neighborhoods

Floats = npt.NDArray[np.float64]


def evaluate_in_halves(
    engines: Sequence[Engine], whole: Neighborhoods, n_exchanges: int
) -> list[Floats]:
    """Results of two engines, each with half of the atoms as centers, put together."""
    found = _evaluate_together(engines, [_half(whole, part) for part in (0, 1)], n_exchanges)
    return [np.concatenate(results) for results in zip(*found, strict=True)]


def _half(whole: Neighborhoods, part: int) -> Neighborhoods:
    """Half of the centers; the other half are further nodes."""
    n_atoms = len(whole.species)
    order = np.roll(np.arange(n_atoms), -part * (n_atoms // 2))
    node_of_atom = np.argsort(order)
    centers = order[: n_atoms // 2]
    begin, end = whole.first[centers[0]], whole.first[centers[-1] + 1]
    return Neighborhoods(
        whole.species[order],
        whole.first[centers[0] : centers[-1] + 2] - begin,
        node_of_atom[whole.neighbors[begin:end]],
        whole.offsets[begin:end],
        whole.positions[order],
    )


def _evaluate_together(
    engines: Sequence[Engine], halves: Sequence[Neighborhoods], n_exchanges: int
) -> list[Evaluation]:
    """Replays both sides, each with the rows of the other one's last replay, until all are final.

    Rows of exchange k are right from replay k on.
    """
    sent: list[list[Floats]] = [[], []]
    results = []
    for _ in range(n_exchanges + 1):
        received, sent = sent[::-1], [[], []]
        results = [
            engine.evaluate(
                half,
                exchange=partial(_exchange, sent=mine, received=other, n=len(half.first) - 1),
            )
            for engine, half, mine, other in zip(engines, halves, sent, received, strict=True)
        ]
        assert [len(rows) for rows in sent] == [n_exchanges, n_exchanges]
    return results


def _exchange(rows: Any, sent: list[Floats], received: list[Floats], n: int) -> None:
    """Gives this side's centers away, and takes the other side's, as of the round before."""
    step = len(sent)
    sent.append(np.copy(rows[:n]))
    rows[n:] = received[step] if step < len(received) else 0.0
