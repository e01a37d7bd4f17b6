"""``eippot label``: empirical potentials evaluated on structures."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

if TYPE_CHECKING:
    from eippot.config.label import LabelConfig
    from eippot.eips.table import LabelProgress
    from eippot.stages.label import LabelResult

#: where nobody watches a bar, a line is printed this often [s].
_LINE_EVERY: Final = 10.0


def label(
    structures: Annotated[
        Path | None,
        typer.Argument(
            help="Structures to label: any format that ASE reads, HDF5 like ANI-Al, a system of "
            "DeePMD-kit, or a folder of such."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Labelled structures (.extxyz).")
    ] = None,
    eip: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=SOURCE with SOURCE kim:MODEL, matscipy:FORM?set=…, "
            "lammps:COMMANDS?species=[…] or ase:module.Class?key=value. Repeatable."
        ),
    ] = None,
    eips: Annotated[
        list[str] | None,
        typer.Option(help="A named set (silicon, copper, …) or your own YAML card. Repeatable."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; default: one for each core.")
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Longest time for one structure and one EIP, in seconds; default: 10."),
    ] = None,
    no_forces: Annotated[bool, typer.Option("--no-forces", help="Keep energies alone.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget what an unfinished run has done.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with all options; flags win over it.")
    ] = None,
) -> None:
    """Label structures with empirical interatomic potentials (EIPs).

    An EIP that crashes or hangs costs the structure it was at, no more. Interrupted, the same
    command goes on where it was. DFT labels that are doubtful beside those of the EIPs, in units,
    signs, duplicates and so on, are told at the end, and not changed.
    """
    from eippot.config.base import read_config
    from eippot.config.label import LabelConfig
    from eippot.stages.label import run

    overrides: dict[str, object] = {
        "input": structures,
        "output": output,
        "sets": eips or None,
        "workers": workers,
        "time_limit": time_limit,
        "forces": False if no_forces else None,
        **_assignments(eip or []),
    }
    settings = read_config(LabelConfig, config, overrides)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        with _progress() as report:
            result = run(settings, report, restart)
    except KeyboardInterrupt:
        _tell_interrupted(settings)
        raise typer.Exit(130) from None
    _show(result)


def _assignments(texts: list[str]) -> dict[str, str]:
    from eippot.eips.source import parse_assignment
    from eippot.errors import ConfigError

    chosen: dict[str, str] = {}
    for text in texts:
        name, source = parse_assignment(text)
        if f"eips.{name}" in chosen:
            raise ConfigError(f"Two EIPs are called `{name}`.", "Give each a name of its own.")
        chosen[f"eips.{name}"] = source
    return chosen


def _terminate(number: int, frame: object) -> NoReturn:
    """On SIGTERM, leave through the context managers, which end the workers."""
    sys.exit(128 + number)


def _tell_interrupted(settings: LabelConfig) -> None:
    from eippot_cli.output import error_console

    error_console.print(
        f"Interrupted. What is done is kept in {settings.output}.journal; "
        "the same command goes on from there.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _progress() -> Iterator[Callable[[LabelProgress], None]]:
    """Show a bar in a terminal, and a line now and then elsewhere."""
    from eippot_cli.output import error_console

    lines = _Lines()
    if not error_console.is_terminal:
        yield lines.report
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("label"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=error_console,
    )
    with bar:
        task = bar.add_task("label", total=None, rate="")

        def report(progress: LabelProgress) -> None:
            lines.tell_already_done(progress)
            rate = f"{lines.rate(progress):,.0f}/s"
            bar.update(task, completed=progress.done, total=progress.total, rate=rate)

        yield report


class _Lines:
    """Progress in plain lines, and the sums behind every kind of progress."""

    def __init__(self) -> None:
        self._first: LabelProgress | None = None
        self._started = self._printed = time.monotonic()

    def report(self, progress: LabelProgress) -> None:
        self.tell_already_done(progress)
        rate, now = self.rate(progress), time.monotonic()
        finished = progress.done == progress.total
        if now - self._printed < _LINE_EVERY and not finished:
            return
        self._printed = now
        left = f", {(progress.total - progress.done) / rate:.0f} s left" if rate else ""
        _say(f"label: {progress.done} of {progress.total}, {rate:,.0f}/s{left}")

    def tell_already_done(self, progress: LabelProgress) -> None:
        """Say once how much an earlier run has done."""
        if self._first is None:
            self._first, self._started = progress, time.monotonic()
            if progress.already_done:
                _say(f"{progress.already_done} of {progress.total} labels are already done")

    def rate(self, progress: LabelProgress) -> float:
        """Labels per second of this run."""
        made = progress.done - (self._first or progress).done
        return made / max(time.monotonic() - self._started, 1e-3)


def _say(text: str) -> None:
    from eippot_cli.output import error_console

    error_console.print(text, markup=False, highlight=False, soft_wrap=True)


def _show(result: LabelResult) -> None:
    from rich.table import Table

    from eippot.eips.base import Status
    from eippot.units import MEV_PER_EV
    from eippot_cli.output import console

    table = Table(title=f"{result.n_structures} structures, {len(result.eips)} EIPs")
    table.add_column("EIP", no_wrap=True)
    totals = {status: sum(eip.counts[status] for eip in result.eips) for status in Status}
    statuses = [status for status in Status if totals[status] or status is Status.OK]
    for status in statuses:
        table.add_column(status.value.replace(" ", "\n"), justify="right")
    table.add_column("median\nms", justify="right")
    has_errors = any(eip.energy_mae_per_atom is not None for eip in result.eips)
    if has_errors:
        table.add_column("energy MAE\nmeV/atom", justify="right")
    for eip in result.eips:
        cells = [eip.name, *(str(eip.counts[status] or "·") for status in statuses)]
        cells.append("·" if eip.median_ms is None else f"{eip.median_ms:.2f}")
        if has_errors:
            error = eip.energy_mae_per_atom
            cells.append("·" if error is None else f"{error * MEV_PER_EV:.0f}")
        table.add_row(*cells)
    console.print(table)
    if has_errors:
        _print_result("energy MAE: against REF_energy, one offset per element taken out")
    made = result.n_labels - result.already_done
    _print_result(f"{made} labels in {result.seconds:.1f} s, {result.already_done} already done")
    _print_result(f"labelled structures: {result.output}")
    missing = result.n_labels - totals[Status.OK]
    if missing:
        _print_result(f"{missing} labels are missing; why: {result.failures}")
    if missing == result.n_labels:
        _print_result("No EIP gave any good label: look at the reasons before you go on.")
    for finding in result.findings:
        _say(str(finding))


def _print_result(text: str) -> None:
    from eippot_cli.output import console

    console.print(text, markup=False, highlight=False, soft_wrap=True)
