"""Parity plots: prediction against reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from eippot.deployment.predictions import Comparison, stacked
from eippot.properties import ENERGY, LABELS, Property
from eippot.units import MEV_PER_EV

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_parity(comparisons: Sequence[Comparison], path: Path, title: str = "") -> None:
    """Draw one panel for each property that has reference labels.

    Parameters
    ----------
    comparisons
        Predictions beside labels.
    path
        Picture to write.
    title
        Shown above the panels.
    """
    shown = [prop for prop in LABELS if stacked(comparisons, prop)[0].size]
    figure, axes = plt.subplots(
        1, len(shown), figsize=(4.2 * len(shown), 4.2), squeeze=False, layout="constrained"
    )
    for axis, prop in zip(axes[0], shown, strict=True):
        _panel(axis, comparisons, prop)
    if title:
        figure.suptitle(title)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _panel(axis: Axes, comparisons: Sequence[Comparison], prop: Property) -> None:
    kinds = sorted({c.config_type for c in comparisons})
    colors = plt.get_cmap("tab20")(np.linspace(0, 1, max(len(kinds), 2)))
    for kind, color in zip(kinds, colors, strict=False):
        x, y = stacked([c for c in comparisons if c.config_type == kind], prop)
        axis.plot(x, y, ".", color=color, markersize=3, label=kind, rasterized=True)
    reference, predicted = stacked(comparisons, prop)
    ends = [min(reference.min(), predicted.min()), max(reference.max(), predicted.max())]
    axis.plot(ends, ends, "-", color="0.3", linewidth=0.8)
    unit = f"{prop.unit}/atom" if prop is ENERGY else prop.unit
    mae = MEV_PER_EV * np.abs(predicted - reference).mean()
    axis.set_title(f"{prop.name}: MAE {mae:.1f} m{unit}", fontsize=10)
    axis.set_xlabel(f"DFT [{unit}]")
    axis.set_ylabel(f"predicted [{unit}]")
    if prop is ENERGY and len(kinds) > 1:
        axis.legend(fontsize=5, markerscale=2, ncols=2)
