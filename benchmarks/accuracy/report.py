"""What the runs of the benchmark come to, in lines and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from benchmarks.pages import Line

#: of a summary, with the strategy each stands for.
SUMMARY: Final = {
    "baseline": "baseline",
    "+LA": "+LA",
    "+MP": "+MP",
    "+MP+LA": "+MP+LA",
    "best": "+MP+combination",
    "ridge": "combination",
}


def summary(lines: Sequence[Line]) -> Iterable[str]:
    """One line for each data set, model and number of labels: means over the seeds."""
    keys = dict.fromkeys((line["set"], line["model"], line["labels"]) for line in lines)
    for key in keys:
        mine = [line for line in lines if (line["set"], line["model"], line["labels"]) == key]
        found = []
        for name, strategy in SUMMARY.items():
            runs = [line for line in mine if line["strategy"] == strategy]
            if runs:
                found.append(f"{name} {_errors(runs)}")
        data, model, labels = key
        units = "meV/atom" + (" / meV/Å" if "/" in " ".join(found) else "")
        yield f"accuracy: {data} {model} m={labels} {' '.join(found)} {units}"


def _errors(runs: Sequence[Line]) -> str:
    """Mean energy error and, where it is known, forces error."""
    energy = float(np.mean([run["energy_mae"] for run in runs]))
    forces = [run["forces_mae"] for run in runs if run.get("forces_mae") is not None]
    return f"{energy:.1f}" + (f"/{np.mean(forces):.0f}" if len(forces) == len(runs) else "")
