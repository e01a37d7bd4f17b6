"""The ``eippot`` program: registers the commands, and turns errors into one readable block."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from eippot import __version__
from eippot.errors import EippotError
from eippot_cli.cite import cite
from eippot_cli.classify import classify
from eippot_cli.config import app as config_app
from eippot_cli.evaluate import evaluate
from eippot_cli.export import export
from eippot_cli.finetune import finetune
from eippot_cli.inspect import inspect
from eippot_cli.kim import app as kim_app
from eippot_cli.label import label
from eippot_cli.lammps import app as lammps_app
from eippot_cli.perturb import perturb
from eippot_cli.pretrain import pretrain
from eippot_cli.report import report
from eippot_cli.stack import stack
from eippot_cli.verify import verify

app = typer.Typer(
    name="eippot",
    help="Neural interatomic potentials that learn from empirical ones, for ASE and LAMMPS.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
for command in (
    *(perturb, label, classify, pretrain, stack, finetune),
    *(report, export, evaluate, verify, inspect, cite),
):
    app.command()(command)
app.add_typer(config_app, name="config")
app.add_typer(lammps_app, name="lammps")
app.add_typer(kim_app, name="kim")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"eippot {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the program; an EippotError ends in one block on stderr and exit code 1.

    Threads that wait shall sleep: spinning ones (OpenMP's habit) make training ten times slower
    as soon as the machine has other work to do.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except EippotError as error:
        from eippot_cli.output import print_error

        print_error(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
