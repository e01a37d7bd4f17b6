"""The benchmark of representations says what neighbors know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import runs
from benchmarks.accuracy.report import PAGE
from benchmarks.accuracy.representations import (
    FIGURE,
    MARK,
    RESULTS,
    draw,
    measure,
    neighbors_error,
    table,
)
from benchmarks.pages import read_lines, with_table


def test_neighbors_know_what_is_smooth() -> None:
    """On a line, five neighbors of an inner point are two on each side and one more."""
    places = np.arange(40.0)[:, None]
    inside = neighbors_error(places, np.arange(40.0))
    mixed = np.random.default_rng(0).permutation(40).astype(float)
    assert inside < 1000.0 < 0.2 * neighbors_error(places, mixed)


def test_lines_have_what_is_drawn(tiny_group: runs.Group, tmp_path: Path) -> None:
    line = measure(tiny_group, tmp_path)
    assert set(line["errors"]) == set(line["points"]) == {"new", "pretrained"}
    assert line["errors"]["new"] != line["errors"]["pretrained"]
    assert all(len(points) == len(line["energies"]) for points in line["points"].values())
    draw([line], tmp_path / "figure.svg")
    assert "<!-- tiny, pretrained -->" in (tmp_path / "figure.svg").read_text()
    assert line["spread"] == pytest.approx(
        1000 * np.abs(line["energies"] - np.mean(line["energies"])).mean(), rel=1e-3
    )


def test_the_page_has_what_was_measured() -> None:
    page = PAGE.read_text()
    assert page == with_table(page, MARK, table(read_lines(RESULTS)))
    assert FIGURE.exists()
