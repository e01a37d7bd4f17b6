"""Parity plots: prediction against reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from eippot.deployment.predictions import Comparison, stacked
from eippot.properties import ENERGY, LABELS, Property
from eippot.units import MEV_PER_EV

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: kinds of structures with a color of their own, of which there are twenty.
_MOST_KINDS: Final = 19


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
    groups = _groups(comparisons)
    for index, (name, members) in enumerate(groups.items()):
        x, y = stacked(members, prop)
        color = plt.get_cmap("tab20")(index) if index < _MOST_KINDS else "0.7"
        axis.plot(x, y, ".", color=color, markersize=3, label=name, rasterized=True)
    reference, predicted = stacked(comparisons, prop)
    ends = [min(reference.min(), predicted.min()), max(reference.max(), predicted.max())]
    axis.plot(ends, ends, "-", color="0.3", linewidth=0.8)
    unit = f"{prop.unit}/atom" if prop is ENERGY else prop.unit
    mae = MEV_PER_EV * np.abs(predicted - reference).mean()
    axis.set_title(f"{prop.name}: MAE {mae:.1f} m{unit}", fontsize=10)
    axis.set_xlabel(f"DFT [{unit}]")
    axis.set_ylabel(f"predicted [{unit}]")
    if prop is ENERGY and len(groups) > 1:
        axis.legend(fontsize=5, markerscale=2, ncols=2)


def _groups(comparisons: Sequence[Comparison]) -> dict[str, list[Comparison]]:
    """By kind of structure, the most common ones; all others together."""
    counts = Counter(c.config_type for c in comparisons)
    common = sorted(kind for kind, _ in counts.most_common(_MOST_KINDS))
    groups = {kind: [c for c in comparisons if c.config_type == kind] for kind in common}
    if len(counts) > len(common):
        others = [c for c in comparisons if c.config_type not in groups]
        groups[f"{len(counts) - len(common)} other kinds"] = others
    return groups
