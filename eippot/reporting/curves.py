"""Learning curves: what a training logged, against its steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from eippot.properties import ENERGY, FORCES, LABELS, STRESS, error_unit
from eippot.reporting.history import History, Series
from eippot.reporting.plots import INK, MUTED, SERIES, Panel, draw, variable
from eippot.units import MEV_PER_EV

_PERCENT: Final = 100.0
#: so few epochs are shown as points.
_FEW: Final = 12
#: largest and smallest value whose ratio is above the first are drawn on powers of ten; above the
#: second, other ticks between these would be too many.
_WIDE, _VERY_WIDE = 3.0, 60.0
#: how far an axis goes beyond the values.
_MARGIN: Final = 1.05
_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def learning(history: History) -> list[Panel]:
    """Validation metrics, losses and the learning rate."""
    panels = []
    for name in sorted(history.named("validation_"), key=_rank):
        series = history.series[f"validation_{name}"]
        if name == "accuracy":
            series = _times(_PERCENT, series)
        unit = "%" if name == "accuracy" else error_unit(name)
        panels.append(_panel(metric_title(name), unit, {"": series}, history, marked=True))
    for title, names in _losses(history).items():
        lines = {label: history.series[name] for label, name in names.items()}
        panels.append(_panel(title, "", lines, history))
    if "learning_rate" in history.series:
        panels.append(_panel("Learning rate", "", {"": history.series["learning_rate"]}, history))
    return panels


def weak_labels(history: History) -> list[Panel]:
    """Which weak labels pull, and how wide the residuals are; empty without weak labels."""
    panels = []
    shares = {
        name.removeprefix("weak_").replace("_", " "): _times(_PERCENT, series)
        for name, series in history.named("kept_").items()
    }
    if shares:
        panels.append(_panel("Weak labels that pull", "%", shares, history))
    total = "validation_energy_mae" in history.series  # where energies are not compared per atom
    for prop in LABELS:
        if f"spread_{prop.name}" in history.series:
            spread = _times(MEV_PER_EV, history.series[f"spread_{prop.name}"])
            per_atom = "_per_atom" if prop is ENERGY and not total else ""
            unit = error_unit(f"{prop.name}_spread{per_atom}")
            panels.append(_panel(f"Spread of residuals, {prop.name}", unit, {"": spread}, history))
    return panels


def metric_title(name: str) -> str:
    """What a validation metric is called, by its name without ``validation_``."""
    errors = {ENERGY: "Energy error", FORCES: "Force error", STRESS: "Stress error"}
    for prop, title in errors.items():
        if name.startswith(f"{prop.name}_mae"):
            return title
    return {"loss": "Cross entropy"}.get(name, name.capitalize())


def _rank(name: str) -> int:
    """Errors of the labels in their order, then all else."""
    ranks = [k for k, prop in enumerate(LABELS) if name.startswith(prop.name)]
    return ranks[0] if ranks else len(LABELS)


def _losses(history: History) -> dict[str, dict[str, str]]:
    """Columns of each panel of losses, by what is shown for them; the total comes first."""
    panels: dict[str, dict[str, str]] = {}
    for name in sorted(history.series):
        label = name.removeprefix("loss").removeprefix("_")
        if name.startswith("loss_weak_"):
            title, label = "Loss, weak labels", label.removeprefix("weak_")
        elif name.endswith("_of_eips"):
            title, label = "Loss, labels of EIPs", label.removesuffix("_of_eips")
        else:
            title = "Loss"
        if name.startswith("loss") and name != "loss_class":  # which is the total
            panels.setdefault(title, {})[label or "total"] = name
    return panels


def _times(factor: float, series: Series) -> Series:
    return Series(series.steps, factor * series.values)


def _panel(
    title: str, unit: str, lines: Mapping[str, Series], history: History, marked: bool = False
) -> Panel:
    """A plot of one line or of several, with the best epoch; ``marked`` by its value, too."""
    best = history.best_step
    svg = draw(
        title, partial(_paint, lines=lines, best_step=best, marked=marked, is_share=unit == "%")
    )
    legend = dict(zip(lines, map(variable, SERIES), strict=False)) if len(lines) > 1 else {}
    return Panel(title, unit, svg, legend)


def _paint(
    axis: Axes, lines: Mapping[str, Series], best_step: int, marked: bool, is_share: bool
) -> None:
    axis.axvline(best_step, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    for k, (series, color) in enumerate(zip(lines.values(), SERIES, strict=False)):
        style = "o-" if len(series.steps) <= _FEW else "-"
        axis.plot(
            series.steps, series.values, style, color=color, markersize=2.5, zorder=3 - 0.1 * k
        )
        if marked:
            best = series.values[series.steps == best_step]
            axis.plot([best_step] * len(best), best, "o", color=INK, markersize=4)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axis.set_xlabel("step")
    _scale(axis, np.concatenate([series.values for series in lines.values()]), is_share)


def _scale(axis: Axes, values: np.ndarray, is_share: bool) -> None:
    """Powers of ten where values differ by much, else an even axis; a share is one of 100 %."""
    least, most = float(values.min()), float(values.max())
    axis.yaxis.set_major_locator(MaxNLocator(5))
    if not is_share and least > 0 and most / least > _WIDE:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(FixedLocator(_powers(least, most)))
        axis.yaxis.set_minor_locator(NullLocator())
    if is_share:
        axis.set_ylim(-2, 102)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _number(y)))


def _powers(least: float, most: float) -> list[float]:
    """Powers of ten from one value to another, and twice and five times these if few."""
    exponents = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    factors = (1, 2, 5) if most / least < _VERY_WIDE else (1,)
    ticks = [float(f"{factor}e{exponent}") for exponent in exponents for factor in factors]
    return [tick for tick in ticks if least / _MARGIN < tick < most * _MARGIN]


def _number(value: float) -> str:
    """A short number; powers as they are written by hand."""
    mantissa, e, power = f"{value:.6g}".partition("e")
    if not e:
        return mantissa
    factor = "" if mantissa == "1" else f"{mantissa}·"
    return f"{factor}10{str(int(power)).translate(_SUPERSCRIPTS)}"
