"""``eippot stack``: weak labels from all EIPs at once."""

from __future__ import annotations

from eippot_cli.interrupts import training
from eippot_cli.options import ConfigFile, Pretrained, Set, Structures, WeakLabels, assignments


def stack(
    config: ConfigFile = None,
    structures: Structures = None,
    output: WeakLabels = None,
    pretrained: Pretrained = None,
    set_: Set = None,
) -> None:
    """Predict DFT energies from all EIPs at once, and give them as weak labels where sure."""
    from eippot.config.base import read_config
    from eippot.config.stages import StackConfig
    from eippot.stages.stack import run
    from eippot_cli.output import print_stack

    with training() as prints:
        settings = read_config(
            StackConfig,
            config,
            {"data.structures": structures, "output": output, "pretrained": pretrained},
            assignments(set_),
        )
        result = run(settings)
    if prints:
        print_stack(result)
