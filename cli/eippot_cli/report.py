"""``eippot report``: a page about a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eippot_cli.options import Keys, chosen_keys


def report(
    run_directory: Annotated[
        Path,
        typer.Argument(help="Run directory of `eippot pretrain`, `classify` or `finetune`."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="New file of HTML, without any other.")
    ] = Path("report.html"),
    structures: Annotated[
        Path | None,
        typer.Option(
            "--structures", "-s", help="Structure file with DFT labels to test a potential on."
        ),
    ] = None,
    key: Keys = None,
) -> None:
    """Write one page about a run: learning curves, errors, classes, EIPs, where it comes from."""
    from eippot.config.base import validate_config
    from eippot.config.deployment import ReportConfig
    from eippot.stages.report import run
    from eippot_cli.output import print_report

    settings = {
        "run": run_directory,
        "structures": structures,
        "output": output,
        "keys": chosen_keys(key),
    }
    print_report(run(validate_config(ReportConfig, settings, "the given options")))
