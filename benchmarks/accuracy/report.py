"""What the runs of the benchmark come to, in lines and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.accuracy.presets import PRESETS
from benchmarks.accuracy.strategies import STRATEGIES
from benchmarks.pages import Line, header, spread, with_table

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "results.md"
MARK: Final = "accuracy tables"
FORECASTS: Final = "forecasts"
EIPS: Final = "few or all"
#: of a summary, with the strategy each stands for.
SUMMARY: Final = {
    "baseline": "baseline",
    "+LA": "+LA",
    "+MP": "+MP",
    "+MP+LA": "+MP+LA",
    "best": "best",
    "ridge": "combination",
}
#: what a table is about; its lines differ in the strategy and the seed.
_KEY: Final = ("set", "model", "preset", "labels")
#: columns of a table: title, what it is made of, and whether it is set against the baseline.
_COLUMNS: Final = (
    ("energy [meV/atom]", "energy_mae", True),
    ("median", "energy_median", False),
    ("90th percentile", "energy_p90", False),
    ("of structures [meV]", "energy_mae_of_structures", False),
    ("forces [meV/Å]", "forces_mae", True),
)
_COMPARED: Final = tuple(name for _, name, compared in _COLUMNS if compared)


def summary(lines: Sequence[Line]) -> Iterator[str]:
    """One line for each data set, model and number of labels: means over the seeds."""
    for key, mine in _grouped(lines, ("set", "model", "labels")):
        found = []
        for name, strategy in SUMMARY.items():
            runs = [line for line in mine if line["strategy"] == strategy]
            if runs:
                energy, forces = _values(runs, "energy_mae"), _values(runs, "forces_mae")
                with_forces = f"/{fmean(forces):.0f}" if len(forces) == len(runs) else ""
                found.append(f"{name} {fmean(energy):.1f}{with_forces}")
        data, model, labels = key
        units = "meV/atom" + (" / meV/Å" if "/" in " ".join(found) else "")
        yield f"accuracy: {data} {model} m={labels} {' '.join(found)} {units}"


def with_tables(page: str, lines: Sequence[Line]) -> str:
    """The page with all tables that are made from lines of runs."""
    made = {MARK: tables, FORECASTS: forecasts, EIPS: few_or_all}
    for mark, table in made.items():
        page = with_table(page, mark, table(lines))
    return page


def tables(lines: Sequence[Line]) -> str:
    """Means and standard deviations over the seeds, in Markdown: a table for each question."""
    parts: list[str] = []
    for (data, model, preset, labels), mine in _grouped(lines, _KEY):
        counts = (
            "{validation_labels} more to validate on; {pool} structures without a label and "
            "{copies} perturbed copies; {test_structures} to test on."
        )
        title = f"### {data}, {model}, {labels} DFT labels{PRESETS[str(preset)].title}"
        parts += [title, "", counts.format_map(mine[0]), "", *_table(mine), ""]
    return "\n".join(parts).rstrip()


def forecasts(lines: Sequence[Line]) -> str:
    """What `eippot classify` forecasts, beside what pretraining has gained, in Markdown."""
    rows = header(["spread of DFT [meV/atom]", "known to EIPs", "+MP, energy", "+MP, forces"])
    for (data, model, preset, labels), mine in _grouped(lines, _KEY):
        told = [line for line in mine if "known" in line]
        pretrained = [line for line in mine if line["strategy"] == "+MP"]
        changes = [_change(pretrained, mine, name).strip(" ()") for name in _COMPARED]
        if told and all(changes) and preset == "default":
            spread, known = fmean(_values(told, "spread")), fmean(_values(told, "known"))
            cells = [f"{spread:.0f}", f"{100 * known:.0f} %", *changes]
            rows.append(f"| {data}, {model}, {labels} | {' | '.join(cells)} |")
    return "\n".join(rows)


def few_or_all(lines: Sequence[Line]) -> str:
    """What all EIPs of OpenKIM are worth beside some, on the splits that both have, in Markdown."""
    rows = header(["splits", "combination", "of all", "best", "of all"])
    ours = [line for line in lines if line["preset"] == "default"]
    for (data, model, labels), few in _grouped(ours, ("set", "model", "labels")):
        same = [line for line in ours if (line["model"], line["labels"]) == (model, labels)]
        every = [line for line in same if str(line["set"]).startswith(f"{data}-")]
        seeds = [
            {line["seed"] for line in mine if line["strategy"] == "best"} for mine in (few, every)
        ]
        both = set.intersection(*seeds)
        cells = [
            _errors(line for line in mine if line["strategy"] == strategy and line["seed"] in both)
            for strategy in ("combination", "best")
            for mine in (few, every)
        ]
        if both:
            name = f"{every[0]['set']}, {model}, {labels}"
            rows.append(f"| {name} | {len(both)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _errors(runs: Iterable[Line]) -> str:
    """Mean errors of energies and forces."""
    found = list(runs)
    means = [fmean(_values(found, name)) for name in _COMPARED if _values(found, name)]
    return " / ".join(f"{mean:.1f}" for mean in means) or "–"


def _table(lines: Sequence[Line]) -> Iterator[str]:
    titles = [title for title, _, _ in _COLUMNS]
    yield from header([*titles, "splits"])
    order = list(STRATEGIES)
    by_strategy = sorted(lines, key=lambda line: order.index(line["strategy"]))
    for (strategy,), runs in _grouped(by_strategy, ("strategy",)):
        cells = []
        for _, name, compared in _COLUMNS:
            cell = spread(_values(runs, name))
            if compared and strategy != "baseline":
                cell += _change(runs, lines, name)
            cells.append(cell)
        yield f"| {strategy} | {' | '.join(cells)} | {len(runs)} |"


def _change(runs: Sequence[Line], lines: Sequence[Line], name: str) -> str:
    """By how much a mean differs from that of the baseline, on the splits that both have."""
    baseline = {line["seed"]: line for line in lines if line["strategy"] == "baseline"}
    both = [line for line in runs if line["seed"] in baseline]
    mine, others = _values(both, name), _values([baseline[line["seed"]] for line in both], name)
    if not mine or len(mine) != len(others):
        return ""
    return f" ({100 * (fmean(mine) / fmean(others) - 1):+.0f} %)".replace("-", "−")


def _grouped(
    lines: Iterable[Line], names: tuple[str, ...]
) -> Iterator[tuple[tuple[object, ...], list[Line]]]:
    """Lines that agree in some entries, in the order of their first ones."""
    groups: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line[name] for name in names), []).append(line)
    yield from groups.items()


def _values(lines: Sequence[Line], name: str) -> list[float]:
    return [line[name] for line in lines if line.get(name) is not None]
