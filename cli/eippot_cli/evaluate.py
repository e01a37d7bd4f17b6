"""``eippot evaluate``: errors of an exported model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[Path, typer.Argument(help="Exported model, e.g. si.pt.")],
    structures: Annotated[Path, typer.Argument(help="Structure file with DFT labels.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Directory for tables and figures.")
    ] = Path("evaluation"),
) -> None:
    """Compare an exported model with DFT: a table of errors, parity plots, CSV files."""
    from eippot.config.deployment import EvaluateConfig
    from eippot.stages.evaluate import run
    from eippot_cli.output import print_evaluate

    print_evaluate(run(EvaluateConfig(model=model, structures=structures, output=output)))
