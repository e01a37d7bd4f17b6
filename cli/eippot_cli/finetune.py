"""``eippot finetune``: train the potential."""

from __future__ import annotations

from eippot_cli.interrupts import training
from eippot_cli.options import ConfigFile, Pretrained, RunDirectory, Set, Structures, assignments


def finetune(
    config: ConfigFile = None,
    structures: Structures = None,
    output: RunDirectory = None,
    pretrained: Pretrained = None,
    set_: Set = None,
) -> None:
    """Train a potential on DFT labels and, where the file has them, weak labels."""
    from eippot.config.base import read_config
    from eippot.config.stages import FinetuneConfig
    from eippot.stages.finetune import run
    from eippot_cli.output import print_finetune, print_run_directory

    with training() as prints:
        settings = read_config(
            FinetuneConfig,
            config,
            {
                "data.structures": structures,
                "output": output,
                "pretrained": pretrained,
            },
            assignments(set_),
        )
        result = run(settings)
    if prints:
        print_finetune(result)
        print_run_directory(settings.output)
