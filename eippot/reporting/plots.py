"""Small plots as SVG, which take their colors and fonts from the page they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eippot.deployment.parity import DIAGONAL

#: what matplotlib draws with, and what becomes of it: variables of the style sheet, which differ
#: in the dark.
INK, MUTED, RULE = "#010203", "#010204", "#010205"
SERIES: Final = ("#010211", "#010212", "#010213", "#010214", "#010215", "#010216")
_VARIABLES: Final = {INK: "ink", MUTED: "muted", RULE: "rule", DIAGONAL: "muted"} | {
    color: f"series-{k}" for k, color in enumerate(SERIES, start=1)
}

#: inches, of 72 units of the SVG; a page shows it half as large again.
_SIZE: Final = (3.3, 2.2)
_DPI: Final = 200

_STYLE: Final[dict[Any, Any]] = {
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 8,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "path.simplify_threshold": 0.3,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 7.5,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 7.5,
}
#: a date would make every page another one.
_NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))

_FRAME: Final = re.compile(r"<svg[^>]*?(viewBox=\"[^\"]*\")[^>]*>\s*(.*)</svg>", flags=re.DOTALL)
_SUPERFLUOUS: Final = re.compile(
    r"<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->|\sid=\"[\w.]+_\d+\"|font-family: [^;\"]*; ",
    flags=re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r'="[^"]*"')
_DIGITS: Final = re.compile(r"(\d\.\d\d)\d+")


@dataclass(frozen=True)
class Panel:
    """A plot with what stands above it.

    Attributes
    ----------
    title
        What is shown.
    unit
        Unit of the vertical axis; "" without one.
    svg
        The plot.
    legend
        Lines by name, with the variable of the style sheet that has their color.
    """

    title: str
    unit: str
    svg: Markup
    legend: dict[str, str]


def draw(title: str, paint: Callable[[Axes], None], size: tuple[float, float] = _SIZE) -> Markup:
    """Draw one plot; no text from a user's files may stand in it.

    Parameters
    ----------
    title
        For those who cannot see it; no other plot of the page has the same.
    paint
        Draws into the axes that it is given.
    size
        Width and height [inch].
    """
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": title}):  # names within the plot
        figure = Figure(figsize=size, layout="constrained")
        paint(figure.add_subplot())
        file = StringIO()
        figure.savefig(file, format="svg", dpi=_DPI, metadata=_NO_METADATA)
    return _inline(file.getvalue(), title)


def variable(color: str) -> str:
    """What a color is called in the style sheet."""
    return f"var(--{_VARIABLES[color]})"


def _inline(svg: str, title: str) -> Markup:
    """A file as a part of a page: names of its own go, since a page has many plots."""
    found = _FRAME.search(svg)
    assert found
    content = _SUPERFLUOUS.sub("", found[2]).replace("xlink:href", "href")
    content = _ATTRIBUTE.sub(lambda found: _DIGITS.sub(r"\1", found[0]), content)
    for color in _VARIABLES:
        content = content.replace(color, variable(color))
    frame = Markup('<svg {} role="img" aria-label="{}">').format(Markup(found[1]), title)
    return frame + Markup(content) + Markup("</svg>")
