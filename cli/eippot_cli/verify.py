"""``eippot verify``: the self-test of an exported model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(model: Annotated[Path, typer.Argument(help="Exported model, e.g. si.pt.")]) -> None:
    """Run the self-test that an exported model carries, and show what the file says of itself."""
    from eippot.deployment.files import check_self_test, open_exported
    from eippot_cli.output import print_metadata, print_self_test

    module, metadata = open_exported(model)
    print_metadata(model, metadata)
    print_self_test(check_self_test(module, metadata, model))
