"""The figure of ``docs/performance.md``: cost of MD against number of atoms, and the roofline."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.speed.cases import CLASSICAL, COMPRESSED, DEEPMD, PEERS_IN_ASE, PLAIN
from benchmarks.speed.results import Results
from benchmarks.speed.roofline import Core, schnet_work

#: how lines are drawn: eippot's compressed and plain models, neural peers, classical potentials.
STYLES: dict[str, dict[str, Any]] = {
    "compressed": {"color": "tab:red", "linewidth": 2.0},
    "plain": {"color": "tab:orange", "linewidth": 1.0},
    "peer": {"color": "tab:blue", "linewidth": 1.0},
    "classical": {"color": "0.4", "linewidth": 1.0},
}
MARKERS = "os^Dv<>p"


def draw(results: Results, core: Core | None, path: Path) -> None:
    """Write the figure; two panels, MD in LAMMPS and in ASE."""
    matplotlib.rcParams["svg.hashsalt"] = "eippot"  # the same figure for the same figures
    figure = Figure(figsize=(11, 7), layout="constrained")
    in_lammps, in_ase = figure.subplots(1, 2, sharey=True)
    for axes, kind, title in (
        (in_lammps, "lammps", "MD in LAMMPS, one core"),
        (in_ase, "ase", "MD in ASE, one thread"),
    ):
        _lines(axes, results, kind)
        axes.set(title=title, xlabel="atoms", xscale="log", yscale="log")
        axes.grid(visible=True, which="major", alpha=0.3)
    in_lammps.set_ylabel("time per atom and step [µs]")
    if core:
        arithmetic, memory = core.floors(schnet_work())
        for floor, name, style in ((arithmetic, "arithmetic", "--"), (memory, "memory", ":")):
            label = f"SchNet-128×3: floor by {name}"
            in_lammps.axhline(floor, color="k", linestyle=style, linewidth=1, label=label)
    for axes in (in_lammps, in_ase):
        if axes.lines:
            axes.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    figure.savefig(path, format="svg", metadata={"Date": None})


def _lines(axes: Axes, results: Results, kind: str) -> None:
    groups = {
        "compressed": COMPRESSED,
        "plain": PLAIN,
        "peer": (DEEPMD, *PEERS_IN_ASE),
        "classical": CLASSICAL,
    }
    for group, contestants in groups.items():
        for contestant, marker in zip(contestants, MARKERS, strict=False):
            points = sorted(
                (line["setting"]["atoms"], median(line["values"]))
                for line in results.lines
                if (line["kind"], line["contestant"]) == (kind, contestant.name)
                and line["setting"].get("ranks", 1) == 1
                and line["values"]
            )
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    marker=marker,
                    markersize=4,
                    label=contestant.name,
                    **STYLES[group],
                )
