"""``eippot kim``: exported models for the simulators that speak the KIM API."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Exported models in other simulators, through the KIM API.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def _group() -> None:
    pass


@app.command()
def install(
    model: Annotated[Path, typer.Argument(help="Exported model, e.g. si.pt.")],
    name: Annotated[
        str | None,
        typer.Option(help="What simulators call it; eippot_ and the name of the file if left out."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take the place of a model of the same name.")
    ] = False,
) -> None:
    """Make an exported model a portable model of the KIM API, and compile its driver."""
    from eippot.deployment.kim.portable_model import install_model
    from eippot_cli.output import console, print_metadata

    name = name or "eippot_" + re.sub(r"\W", "_", model.stem, flags=re.ASCII)
    report = partial(console.print, soft_wrap=True)
    metadata = install_model(model, name, force=force, report=report)
    print_metadata(model, metadata)
    elements = " ".join(metadata.species)
    console.print(
        f"\nIn ASE:      from ase.calculators.kim import KIM\n"
        f'             atoms.calc = KIM("{name}")\n'
        f"In LAMMPS:   pair_style kim {name}\n"
        f"             pair_coeff * * {elements}\n"
        f"To remove:   kim-api-collections-management remove {name}",
        soft_wrap=True,
        highlight=False,
    )
