"""``eippot pretrain``: train a representation on EIP labels."""

from __future__ import annotations

from eippot_cli.interrupts import training
from eippot_cli.options import ConfigFile, RunDirectory, Set, Structures, assignments


def pretrain(
    config: ConfigFile = None,
    structures: Structures = None,
    output: RunDirectory = None,
    set_: Set = None,
) -> None:
    """Train a representation on the labels of all EIPs, one energy head for each."""
    from eippot.config.base import read_config
    from eippot.config.stages import PretrainConfig
    from eippot.stages.pretrain import run
    from eippot_cli.output import print_pretrain, print_run_directory

    with training() as prints:
        settings = read_config(
            PretrainConfig,
            config,
            {"data.structures": structures, "output": output},
            assignments(set_),
        )
        result = run(settings)
    if prints:
        print_pretrain(result)
        print_run_directory(settings.output)
