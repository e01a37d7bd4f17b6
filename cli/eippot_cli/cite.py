"""``eippot cite``: BibTeX for everything that was used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def cite(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Labelled structures, run directories, exported models, cards (names of sets too)."
        ),
    ],
) -> None:
    """Print BibTeX for what was used: the method, networks, EIPs and programs.

    What cannot be cited completely is told on stderr. An engine of your own, such as LAMMPS, and
    the DFT labels are yours to cite.
    """
    from eippot.config.base import validate_config
    from eippot.config.cite import CiteConfig
    from eippot.stages.cite import run
    from eippot_cli.output import say

    result = run(validate_config(CiteConfig, {"paths": paths}, "the given options"))
    typer.echo("\n\n".join(map(str, result.entries)))
    for problem in result.missing:
        say(f"Incomplete: {problem}")
