"""``eippot export``: one file that ASE and LAMMPS run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run_directories: Annotated[
        list[Path],
        typer.Argument(help="Run directory of `eippot finetune`; several become one committee."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, e.g. si.pt.")],
    precision: Annotated[
        str | None, typer.Option(help="float32 or float64; that of the training if left out.")
    ] = None,
    compress: Annotated[
        bool,
        typer.Option(
            "--compress",
            help="Read from tables what depends on a distance alone: faster in LAMMPS.",
        ),
    ] = False,
) -> None:
    """Write a trained potential, or a committee of several, as one file for ASE and LAMMPS."""
    from eippot.config.base import validate_config
    from eippot.config.deployment import ExportConfig
    from eippot.stages.export import run
    from eippot_cli.output import print_export

    settings = {
        "runs": run_directories,
        "output": output,
        "precision": precision,
        "compress": compress,
    }
    print_export(run(validate_config(ExportConfig, settings, "the given options")))
