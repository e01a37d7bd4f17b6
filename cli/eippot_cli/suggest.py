"""``eippot label --suggest``: which empirical potentials there are for a set of structures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from eippot_cli.interrupts import interruptible

if TYPE_CHECKING:
    from rich.table import Table

    from eippot.data.candidates import Candidate
    from eippot.eips.cards import Citation
    from eippot.stages.suggest import SuggestResult


def suggest_eips(
    structures: Path | None,
    output: Path | None,
    workers: int | None,
    time_limit: float | None,
    keys: dict[str, str],
    others: list[str],
) -> None:
    """Find the EIPs of a set of structures, and show them.

    Parameters
    ----------
    structures, output, workers, time_limit, keys
        As given on the command line; None where they are not.
    others
        Options that were given too, and that have no meaning here.
    """
    from eippot.config.base import read_config
    from eippot.config.label import SuggestConfig
    from eippot.errors import ConfigError
    from eippot.stages.suggest import run
    from eippot_cli.progress import label_progress

    if others:
        raise ConfigError(
            f"Expected `--suggest` without {', '.join(others)}: it looks for EIPs, and labels "
            "nothing.",
            "Write a card with `--suggest -o my-set.yaml`, then label with `--eips my-set.yaml`.",
        )
    given: dict[str, object] = {
        "input": structures,
        "keys": keys,
        "output": output,
        "workers": workers,
        "time_limit": time_limit,
    }
    settings = read_config(SuggestConfig, None, given)
    with interruptible("Interrupted; nothing was written."), label_progress() as report:
        result = run(settings, report)
    _show(result, settings.input)


def _show(result: SuggestResult, structures: Path) -> None:
    from eippot.stages.suggest import FEWEST_LABELS
    from eippot.units import MEV_PER_EV
    from eippot_cli.output import console, print_line

    console.print(_listing(result) if result.spread is None else _ranking(result))
    if result.spread is not None:
        print_line(
            "Mean absolute errors against DFT after affine alignment; correlation of energies per "
            "atom beyond what the composition says, which alone leaves "
            f"{MEV_PER_EV * result.spread:.0f} meV/atom."
        )
    else:
        print_line(
            f"The newest first, for want of DFT labels: there are {result.labels}, and "
            f"{FEWEST_LABELS} (REF_energy) would rank EIPs by how near to DFT they are."
        )
    if any(candidate.same_as for candidate in result.candidates):
        print_line("Same as: alignment makes its energies those of a potential further up.")
    if result.machine_learned:
        print_line(
            f"Left out: {result.machine_learned} of a machine-learned form, such as SNAP: they are "
            "fits to DFT data, as your potential will be."
        )
    if result.chosen:
        print_line("\nCitations")
    for candidate in result.chosen:
        cited = _one_line(candidate.item.citation)
        print_line(f"{candidate.name}: {cited}; {candidate.item.source}")
    _tell_next(result, structures)


def _tell_next(result: SuggestResult, structures: Path) -> None:
    from eippot_cli.output import print_line

    if result.output is not None:
        files = [shlex.quote(str(path)) for path in (structures, result.output)]
        count = _count(len(result.chosen), "EIP")
        print_line(f"\nWrote {result.output}: {count}; delete those that you do not want")
        print_line(f"Next: eippot label {files[0]} --eips {files[1]} -o labelled.extxyz")
    elif result.chosen:
        print_line("\n-o my-set.yaml writes them as a set for `eippot label --eips my-set.yaml`.")
    else:
        print_line("\nNo EIP has labels for nearly all structures: there is no set to write.")


def _ranking(result: SuggestResult) -> Table:
    """Candidates with their errors."""
    from eippot.units import MEV_PER_EV

    table = _table(result)
    for title in ("energy\nmeV/atom", "corre-\nlation", "forces\nmeV/Å"):
        table.add_column(title, justify="right", no_wrap=True)
    for candidate in result.candidates:
        found = candidate.agreement
        cells = ["·"] * 3
        if found is not None:
            cells[0] = f"{MEV_PER_EV * found.energy_mae:.0f}"
        if found is not None and found.correlation is not None:
            cells[1] = f"{found.correlation:.3f}"
        if found is not None and found.forces_mae is not None:
            cells[2] = f"{MEV_PER_EV * found.forces_mae:.0f}"
        name, *others = _first_cells(candidate)
        remark = _remark(candidate)
        table.add_row(f"{name}\n  [dim]{remark}[/dim]" if remark else name, *others, *cells)
    return table


def _listing(result: SuggestResult) -> Table:
    """Candidates with their titles."""
    table = _table(result)
    table.add_column("", overflow="fold")
    for candidate in result.candidates:
        remark = _remark(candidate)
        table.add_row(*_first_cells(candidate), remark or candidate.item.title)
    return table


def _table(result: SuggestResult) -> Table:
    from rich.table import Table

    table = Table(
        title=f"{_count(len(result.candidates), 'model')} of OpenKIM for "
        f"{', '.join(result.species)}, on {_count(result.structures, 'structure')}"
    )
    table.add_column("EIP", overflow="fold")
    for title in ("year", "ok", "ms"):
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _first_cells(candidate: Candidate) -> list[str]:
    ms = "·" if candidate.median_ms is None else f"{candidate.median_ms:.2f}"
    return [candidate.name, str(candidate.item.citation.year), f"{candidate.share:.0%}", ms]


def _remark(candidate: Candidate) -> str:
    """What is to be known beside the numbers: labels that are missing, or another just like it."""
    from rich.markup import escape

    from eippot.eips.base import Status

    if candidate.same_as is not None:
        return f"same as {candidate.same_as}"
    missing = {status: n for status, n in candidate.counts.items() if status is not Status.OK}
    told = ", ".join(f"{count} {status.value}" for status, count in missing.items())
    if not candidate.share:
        told = f"{told}: {candidate.reason}"
    return escape(told)


def _one_line(citation: Citation) -> str:
    """Authors, journal, volume, pages, year and DOI, as far as there are."""
    first, *others = citation.authors.split(", ")
    authors = f"{first} et al." if len(others) > 2 else ", ".join([first, *others])
    where = " ".join(filter(None, [citation.journal, citation.volume]))
    where = ", ".join(filter(None, [where, citation.pages])) + f" ({citation.year})"
    return ", ".join(filter(None, [authors, where, citation.doi and f"doi:{citation.doi}"]))
