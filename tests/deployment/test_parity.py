"""Parity plots of any number of kinds of structures."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from eippot.deployment.parity import plot_parity
from eippot.deployment.predictions import Comparison
from eippot.properties import ENERGY


@pytest.mark.parametrize(("kinds", "entries"), [(1, 0), (3, 3), (300, 20)])
def test_the_legend_stays_small(
    kinds: int, entries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Common kinds by name, all others as one; a larger legend would leave no room."""
    legends = []
    monkeypatch.setattr(plt, "close", lambda figure: legends.append(figure.axes[0].get_legend()))
    comparisons = [
        Comparison(f"kind {i % kinds}", 1, {ENERGY: energy}, {ENERGY: energy}, {})
        for i, energy in enumerate(np.random.default_rng(0).normal(size=(400, 1)))
    ]
    plot_parity(comparisons, tmp_path / "parity.png")
    names = [text.get_text() for text in legends[0].get_texts()] if legends[0] else []
    assert len(names) == entries
    assert kinds < 300 or names[-1] == "281 other kinds"
    assert (tmp_path / "parity.png").stat().st_size > 10_000
