"""``eippot label``: empirical potentials evaluated on structures."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from eippot_cli.completion import set_names
from eippot_cli.interrupts import interruptible
from eippot_cli.options import Keys, chosen_keys
from eippot_cli.suggest import suggest_eips

if TYPE_CHECKING:
    from eippot.stages.label import LabelResult


def label(
    structures: Annotated[
        Path | None,
        typer.Argument(
            help="Structures to label: any format that ASE reads, HDF5 like ANI-Al, a system of "
            "DeePMD-kit, a folder of such, or a store."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Labelled structures (.extxyz, or .arrow for a store that may be larger than "
            "memory); with --suggest a card (.yaml).",
        ),
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
        typer.Option(
            help="A named set (silicon, copper, …) or your own YAML card. Repeatable.",
            autocompletion=set_names,
        ),
    ] = None,
    key: Keys = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Worker processes; default: one for each core. With --cluster slurm, jobs."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Label on a Dask cluster: local, slurm (jobs as ~/.config/dask/jobqueue.yaml "
            "describes them), or the address or file of a scheduler."
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="Longest time for one structure and one EIP, in seconds; default: 10, with "
            "--suggest 5."
        ),
    ] = None,
    suggest: Annotated[
        bool,
        typer.Option(
            "--suggest",
            help="Label nothing: list OpenKIM's models for these structures, nearest to DFT first.",
        ),
    ] = False,
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
    signs, duplicates and so on, are told at the end, and not changed. With --suggest, EIPs are
    looked for: all installed models of OpenKIM that know the elements, but for machine-learned
    ones, are tried on 100 structures, and -o writes a card of them.
    """
    signal.signal(signal.SIGTERM, _terminate)
    if suggest:
        others: dict[str, object] = {"--eip": eip, "--eips": eips, "--config": config}
        others |= {"--cluster": cluster, "--no-forces": no_forces, "--restart": restart}
        given = [option for option, value in others.items() if value]
        suggest_eips(structures, output, workers, time_limit, chosen_keys(key), given)
        return
    from eippot.config.base import read_config
    from eippot.config.label import LabelConfig
    from eippot.stages.label import run
    from eippot_cli.progress import label_progress

    overrides: dict[str, object] = {
        "input": structures,
        "output": output,
        "sets": eips or None,
        "keys": chosen_keys(key) or None,
        "workers": workers,
        "cluster": cluster,
        "time_limit": time_limit,
        "forces": False if no_forces else None,
        **_assignments(eip or []),
    }
    settings = read_config(LabelConfig, config, overrides)
    kept = (
        f"Interrupted. What is done is kept in {settings.output}.journal; "
        "the same command goes on from there."
    )
    with interruptible(kept), label_progress() as report:
        result = run(settings, report, restart)
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


def _show(result: LabelResult) -> None:
    from rich.table import Table

    from eippot.eips.base import Status
    from eippot.units import MEV_PER_EV
    from eippot_cli.output import console, print_line, say

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
        print_line("energy MAE: against REF_energy, one offset per element taken out")
    made = result.n_labels - result.already_done
    print_line(f"{made} labels in {result.seconds:.1f} s, {result.already_done} already done")
    print_line(f"labelled structures: {result.output}")
    missing = result.n_labels - totals[Status.OK]
    if missing:
        print_line(f"{missing} labels are missing; why: {result.failures}")
    if missing == result.n_labels:
        print_line("No EIP gave any good label: look at the reasons before you go on.")
    for finding in result.findings:
        say(str(finding))
