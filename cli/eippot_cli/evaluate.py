"""``eippot evaluate``: errors of an exported model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eippot_cli.options import Keys, chosen_keys


def evaluate(
    model: Annotated[Path, typer.Argument(help="Exported model, e.g. si.pt.")],
    structures: Annotated[Path, typer.Argument(help="Structure file with DFT labels.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Directory for tables and figures.")
    ] = Path("evaluation"),
    key: Keys = None,
) -> None:
    """Compare an exported model with DFT: a table of errors, parity plots, CSV files."""
    from eippot.config.base import validate_config
    from eippot.config.deployment import EvaluateConfig
    from eippot.stages.evaluate import run
    from eippot_cli.output import print_evaluate

    settings = {
        "model": model,
        "structures": structures,
        "output": output,
        "keys": chosen_keys(key),
    }
    print_evaluate(run(validate_config(EvaluateConfig, settings, "the given options")))
