"""Plots are part of a page: its colors, and no name that stands elsewhere on it, too."""

from __future__ import annotations

import re

from matplotlib.axes import Axes

from eippot.reporting.plots import INK, SERIES, draw, variable


def _paint(axis: Axes) -> None:
    axis.plot([0.001, 0.002], [1 / 3, 2 / 3], color=SERIES[1])
    axis.plot([0.0015], [0.5], "o", color=INK)
    axis.set_xlabel("step")
    axis.set_xticks([0.0015], ["0.00123"])


def test_colors_are_those_of_the_style_sheet() -> None:
    svg = draw("Loss", _paint)
    assert variable(SERIES[1]) == "var(--series-2)"
    assert {"var(--series-2)", "var(--ink)", "var(--muted)", "var(--rule)"} <= set(
        re.findall(r"var\([\w-]+\)", svg)
    )
    assert not re.search(r"#0102\d\d", svg)


def test_nothing_is_asked_of_the_network_and_no_name_twice() -> None:
    svg = draw("Loss", _paint)
    assert "http" not in svg
    assert "<style" not in svg
    names = re.findall(r'\bid="([^"]+)"', svg)
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)
    assert set(re.findall(r'href="#([^"]+)"', svg)) <= set(names)


def test_text_stays_text_with_all_its_digits() -> None:
    svg = draw("Loss", _paint)
    assert ">step</text>" in svg
    assert ">0.00123</text>" in svg
    assert not re.search(r' d="[^"]*\d\.\d{3}', svg)


def test_titles_are_escaped() -> None:
    svg = draw('a "b" <c>', _paint)
    assert 'aria-label="a &#34;b&#34; &lt;c&gt;"' in svg


def test_the_same_plot_twice_is_the_same() -> None:
    assert draw("Loss", _paint) == draw("Loss", _paint)
