"""Parity plots: prediction against reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex

from eippot.deployment.predictions import Comparison, stacked
from eippot.properties import ENERGY, LABELS, Property
from eippot.units import MEV_PER_EV

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: kinds of structures with a color of their own, of which there are twenty; up to ten, which are
#: easier to tell apart, where these are enough.
_MOST_KINDS: Final = 19
_FEW_KINDS: Final = 10
#: color of all others.
_OTHERS: Final = "#8c8c8c"
#: color of the line on which predictions would all be right.
DIAGONAL: Final = "#4c4c4c"


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
    shown = labelled_properties(comparisons)
    kinds = kinds_of(comparisons)
    figure, axes = plt.subplots(
        1, len(shown), figsize=(4.2 * len(shown), 4.2), squeeze=False, layout="constrained"
    )
    for axis, prop in zip(axes[0], shown, strict=True):
        draw_parity(axis, kinds, prop)
        axis.set_title(f"{prop.name}: MAE {mean_error(comparisons, prop)}", fontsize=10)
        if prop is ENERGY and len(kinds) > 1:
            axis.legend(fontsize=5, markerscale=2, ncols=2)
    if title:
        figure.suptitle(title)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def labelled_properties(comparisons: Sequence[Comparison]) -> list[Property]:
    """Properties of which there are reference labels."""
    return [prop for prop in LABELS if stacked(comparisons, prop)[0].size]


@dataclass(frozen=True)
class Kind:
    """Structures that are drawn in one color.

    Attributes
    ----------
    name
        Their ``config_type``, or how many rare ones these are.
    color
        As matplotlib and style sheets take it, ``#rrggbb``.
    members
        Predictions beside labels.
    """

    name: str
    color: str
    members: list[Comparison]


def kinds_of(comparisons: Sequence[Comparison]) -> list[Kind]:
    """By kind of structure, the most common ones; all others together."""
    counts = Counter(c.config_type for c in comparisons)
    common = sorted(kind for kind, _ in counts.most_common(_MOST_KINDS))
    colors = plt.get_cmap("tab10" if len(common) <= _FEW_KINDS else "tab20")
    kinds = [
        Kind(name, to_hex(colors(index)), [c for c in comparisons if c.config_type == name])
        for index, name in enumerate(common)
    ]
    if len(counts) > len(common):
        others = [c for c in comparisons if c.config_type not in common]
        kinds.append(Kind(f"{len(counts) - len(common)} other kinds", _OTHERS, others))
    return kinds


def draw_parity(axis: Axes, kinds: Sequence[Kind], prop: Property) -> None:
    """Draw predictions of a property against its labels."""
    for kind in kinds:
        x, y = stacked(kind.members, prop)
        axis.plot(x, y, ".", color=kind.color, markersize=3, label=kind.name, rasterized=True)
    reference, predicted = stacked([c for kind in kinds for c in kind.members], prop)
    ends = [min(reference.min(), predicted.min()), max(reference.max(), predicted.max())]
    axis.plot(ends, ends, "-", color=DIAGONAL, linewidth=0.8, zorder=1)
    axis.set_xlabel(f"DFT [{_unit(prop)}]")
    axis.set_ylabel(f"predicted [{_unit(prop)}]")


def mean_error(comparisons: Sequence[Comparison], prop: Property) -> str:
    """Mean absolute error of a property over all structures, with its unit."""
    reference, predicted = stacked(comparisons, prop)
    return f"{MEV_PER_EV * np.abs(predicted - reference).mean():.1f} m{_unit(prop)}"


def _unit(prop: Property) -> str:
    return f"{prop.unit}/atom" if prop is ENERGY else prop.unit
