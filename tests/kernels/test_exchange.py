"""Structures whose atoms are divided among processes: rows of neighbors are exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from eippot.kernels.engine import Engine, Evaluation, Neighborhoods
from tests.kernels.subjects import (
    equivariant_potential,
    neighborhoods,
    random_potential,
    rattled,
)

Floats = npt.NDArray[np.float64]

#: of three interactions: values of the last two, and gradients of all.
EXCHANGES = 5


@pytest.mark.parametrize("architecture", ["schnet", "equivariant"])
def test_a_structure_in_two_halves(build: Any, architecture: str) -> None:
    """Two engines, each with half of the atoms as centers, that exchange rows."""
    potential = random_potential() if architecture == "schnet" else equivariant_potential()
    options = {"architecture": architecture, "precision": np.float64}
    whole = neighborhoods(rattled())
    expected = build(potential, **options).engine.evaluate(whole)
    halves = [_half(whole, part) for part in (0, 1)]
    engines = [build(potential, **options).engine for _ in halves]
    found = _evaluate_together(engines, halves)
    for k, name in enumerate(Evaluation._fields):
        together = np.concatenate([half[k] for half in found])
        np.testing.assert_allclose(together, expected[k], rtol=0, atol=1e-11, err_msg=name)


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
    engines: Sequence[Engine], halves: Sequence[Neighborhoods]
) -> list[Evaluation]:
    """Replays both sides, each with the rows of the other one's last replay, until all are final.

    Rows of exchange k are right from replay k on.
    """
    sent: list[list[Floats]] = [[], []]
    results = []
    for _ in range(EXCHANGES + 1):
        received, sent = sent[::-1], [[], []]
        results = [
            engine.evaluate(
                half,
                exchange=partial(_exchange, sent=mine, received=other, n=len(half.first) - 1),
            )
            for engine, half, mine, other in zip(engines, halves, sent, received, strict=True)
        ]
        assert [len(rows) for rows in sent] == [EXCHANGES, EXCHANGES]
    return results


def _exchange(rows: Any, sent: list[Floats], received: list[Floats], n: int) -> None:
    """Gives this side's centers away, and takes the other side's, as of the round before."""
    step = len(sent)
    sent.append(np.copy(rows[:n]))
    rows[n:] = received[step] if step < len(received) else 0.0
