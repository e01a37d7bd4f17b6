"""``eippot classify``: weak labels from the EIP that fits each structure best."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eippot_cli.interrupts import training
from eippot_cli.options import ConfigFile, Pretrained, Set, Structures, WeakLabels, assignments


def classify(
    config: ConfigFile = None,
    structures: Structures = None,
    output: WeakLabels = None,
    run_directory: Annotated[
        Path | None, typer.Option("--run", help="New run directory of the classifier (run).")
    ] = None,
    pretrained: Pretrained = None,
    set_: Set = None,
) -> None:
    """Learn which EIP to believe for each structure, and give it that EIP's label."""
    from eippot.config.base import read_config
    from eippot.config.stages import ClassifyConfig
    from eippot.stages.classify import run
    from eippot_cli.output import print_classify, print_run_directory

    with training() as prints:
        settings = read_config(
            ClassifyConfig,
            config,
            {
                "data.structures": structures,
                "output": output,
                "run": run_directory,
                "pretrained": pretrained,
            },
            assignments(set_),
        )
        result = run(settings)
    if prints:
        print_classify(result)
        print_run_directory(settings.run)
