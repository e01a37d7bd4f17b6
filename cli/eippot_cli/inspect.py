"""``eippot inspect``: what is in a file, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    path: Annotated[Path, typer.Argument(help="Exported model, or run directory.")],
) -> None:
    """Show what is in an exported model or a run directory, without running any of it.

    For files from elsewhere. Ends with exit code 1 where the program in a file does more than
    arithmetic: eippot does not open such a file.
    """
    from eippot.config.base import validate_config
    from eippot.config.inspect import InspectConfig
    from eippot.stages.inspect import run
    from eippot_cli.output import print_inspect

    result = run(validate_config(InspectConfig, {"path": path}, "the given options"))
    print_inspect(result)
    if result.is_refused:
        raise typer.Exit(1)
