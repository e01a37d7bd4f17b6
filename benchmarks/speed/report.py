"""Writes ``docs/performance.md`` and its figure: ``python -m benchmarks.speed.report``."""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.pages import Line, header, with_table
from benchmarks.speed.cases import CORE, OWN_SCHNET, SIZES
from benchmarks.speed.environments import ROOT
from benchmarks.speed.figure import draw
from benchmarks.speed.labelling import labelling_summary
from benchmarks.speed.results import RESULTS, Claim, Results, claims
from benchmarks.speed.roofline import Core, schnet_work

PAGE: Final = ROOT / "docs" / "performance.md"
FIGURE: Final = ROOT / "docs" / "performance.svg"


def md_table(results: Results, kind: str, ranks: int = 1) -> str:
    """Costs of MD by number of atoms [µs per atom and step], in Markdown."""
    lines = [
        line
        for line in results.lines
        if line["kind"] == kind and line["setting"].get("ranks", 1) == ranks
    ]
    sizes = [n for n in SIZES if any(line["setting"]["atoms"] == n for line in lines)]
    rows = header([f"{n:,} atoms" for n in sizes])
    for name in dict.fromkeys(line["contestant"] for line in lines):
        own = {line["setting"]["atoms"]: line for line in lines if line["contestant"] == name}
        rows.append(f"| {name} | {' | '.join(_figure(own.get(n)) for n in sizes)} |")
    return "\n".join(rows)


def training_table(results: Results) -> str:
    """Speeds of training [structures/s], in Markdown."""
    lines = [line for line in results.lines if line["kind"] == "training"]
    threads = sorted({line["setting"]["threads"] for line in lines})
    rows = header(["weights", *(f"{n} thread{'s'[: n - 1]}" for n in threads)])
    for name in dict.fromkeys(line["contestant"] for line in lines):
        own = {line["setting"]["threads"]: line for line in lines if line["contestant"] == name}
        weights = next(iter(own.values()))["facts"].get("weights")
        cells = [f"{weights:,}" if weights else "–", *(_figure(own.get(n)) for n in threads)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def claims_table(found: list[Claim]) -> str:
    """Figures and ratios, in Markdown."""
    rows = ["| what | figure | ratio | to |", "|---|---:|---:|---|"]
    for claim in found:
        figure = "–" if claim.figure is None else f"{claim.figure:.3g} {claim.unit}"
        ratio = "–" if claim.ratio is None else f"{claim.ratio:.2f}"
        rows.append(
            f"| {claim.what.rstrip(':')} | {figure} | {ratio if claim.peer else ''} | "
            f"{claim.peer} |"
        )
    return "\n".join(rows)


def roofline_table(results: Results) -> str:
    """Floors, and where SchNet-128×3 is, in Markdown."""
    core = core_of(results)
    if core is None:
        return "The rates of the core have not been measured."
    work = schnet_work()
    arithmetic, memory = core.floors(work)
    measured = results.figure("lammps", OWN_SCHNET, atoms=4096, ranks=1)
    rows = ["| | per atom and step | rate of the core | µs |", "|---|---:|---:|---:|"]
    total = work.matrix_products + work.edges
    rate = f"{core.multiply_adds / 1e9:.1f} thousand million/s"
    rows.append(f"| multiply-adds | {total:,.0f} | {rate} | {arithmetic:.1f} |")
    rows.append(
        f"| of these in products of matrices | {work.matrix_products:,.0f} | | "
        f"{arithmetic * work.matrix_products / total:.1f} |"
    )
    rows.append(
        f"| of these along edges | {work.edges:,.0f} | | {arithmetic * work.edges / total:.1f} |"
    )
    rate = f"{core.bandwidth / 1e9:.1f} GB/s"
    rows.append(f"| bytes | {work.bytes:,.0f} | {rate} | {memory:.1f} |")
    figure = "–" if measured is None else f"{measured:.1f}"
    rows.append(f"| measured in LAMMPS, 4,096 atoms | | | {figure} |")
    return "\n".join(rows)


def core_of(results: Results) -> Core | None:
    """The rates of the core, if they were measured."""
    rates = results.figure("multiply-adds", CORE), results.figure("bandwidth", CORE)
    return Core(*rates) if all(rates) else None  # type: ignore[arg-type]


def machine_table(results: Results) -> str:
    """Machines, versions, and what could not be measured, in Markdown."""
    machines = [line["machine"] for line in results.lines]
    words = [
        f"- {m['processor']}, {m['cores']} cores, {m['memory']} GB"
        for k, m in enumerate(machines)
        if m not in machines[:k]
    ]
    versions: dict[str, set[str]] = {}
    for line in results.lines:
        for name, version in line["versions"].items():
            versions.setdefault(name, set()).add(version)
    words += [f"- {name} {', '.join(sorted(found))}" for name, found in sorted(versions.items())]
    words += [f"- not measured: {failure}" for failure in results.failures()]
    return "\n".join(words)


def page(text: str, results: Results, labelling: list[str]) -> str:
    """The page with all its tables."""
    tables = {
        "figure": f"![Cost of MD per atom and step]({FIGURE.name})" if results.lines else "",
        "claims": claims_table(claims(results)),
        "labelling": "\n".join(f"- {line.removeprefix('speed: ')}" for line in labelling),
        "lammps": md_table(results, "lammps"),
        "ranks": md_table(results, "lammps", ranks=2),
        "ase": md_table(results, "ase"),
        "training": training_table(results),
        "roofline": roofline_table(results),
        "machine": machine_table(results),
    }
    for name, table in tables.items():
        text = with_table(text, f"speed {name}", table)
    return text


def _figure(line: Line | None) -> str:
    return f"{median(line['values']):.3g}" if line and line["values"] else "–"


def main() -> None:
    """Fill the page's tables, and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of JSON lines")
    parser.add_argument("--page", type=Path, default=PAGE, help="page whose tables are filled")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="figure to write")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    labelling = labelling_summary(arguments.results)
    arguments.page.write_text(page(arguments.page.read_text(), results, labelling))
    if results.lines:
        draw(results, core_of(results), arguments.figure)


if __name__ == "__main__":
    main()
