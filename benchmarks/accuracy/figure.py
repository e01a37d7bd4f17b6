"""The figure of ``docs/results.md``: errors against the number of DFT labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from benchmarks.accuracy.data import SETS
from benchmarks.pages import Line

FIGURE: Final = Path(__file__).resolve().parents[2] / "docs" / "results.svg"
#: strategies that are shown, with color, marker and line style.
STYLES: Final = {
    "combination": ("0.6", "s", ":"),
    "baseline": ("tab:blue", "o", "-"),
    "best": ("tab:red", "o", "-"),
    "MACE": ("tab:green", "^", "--"),
}
#: rows of panels: what they show, and of which entry.
_ROWS: Final = (("energy MAE [meV/atom]", "energy_mae"), ("forces MAE [meV/Å]", "forces_mae"))


def draw(lines: Sequence[Line], path: Path) -> None:
    """Write the figure; a column of panels for each data set, of SchNet by our settings.

    Of the first split, since not all have been done as often.
    """
    matplotlib.rcParams["svg.hashsalt"] = "eippot"  # the same figure for the same figures
    ours = {"model": "schnet", "preset": "default", "seed": 0}
    shown = [line for line in lines if ours.items() <= line.items() and not SETS[line["set"]].all]
    sets = list(dict.fromkeys(line["set"] for line in shown))
    figure = Figure(figsize=(2.6 * len(sets), 5.2), layout="constrained")
    panels = figure.subplots(len(_ROWS), len(sets), sharex=True, squeeze=False)
    for row, (title, entry) in zip(panels, _ROWS, strict=True):
        row[0].set_ylabel(title)
        for axes, name in zip(row, sets, strict=True):
            _lines(axes, [line for line in shown if line["set"] == name], entry)
    for axes, name in zip(panels[0], sets, strict=True):
        axes.set_title(name)
    for axes in panels[-1]:
        axes.set_xlabel("DFT labels to train on")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(STYLES))
    figure.savefig(path, format="svg", metadata={"Date": None})


def _lines(axes: Axes, lines: Sequence[Line], entry: str) -> None:
    """On log axes, a point where there is one number of labels."""
    for strategy, (color, marker, line) in STYLES.items():
        runs = [run for run in lines if run["strategy"] == strategy and run.get(entry)]
        runs.sort(key=lambda run: run["labels"])
        numbers, errors = ([run[name] for run in runs] for name in ("labels", entry))
        style: dict[str, Any] = {"color": color, "marker": marker, "linestyle": line}
        axes.plot(numbers, errors, markersize=4, label=strategy, **style)
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="both", alpha=0.3)
