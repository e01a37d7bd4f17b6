"""Runs a stage that is killed again and again: ``python -m tests.killed STAGE CONFIG --kills 20``.

Everything is imported once; each attempt is a fork of this process, which has computed nothing and
so has no threads that a fork would lose. Attempts end with SIGKILL, at any moment, writing files
included; the last one comes to its end. Stores have shards of ten structures.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from eippot.config.base import Config, read_config
from eippot.config.label import LabelConfig
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
from eippot.stages import classify, finetune, label, label_parts, pretrain

STAGES: dict[str, tuple[type[Config], Callable[[Any], object]]] = {
    "label": (LabelConfig, label.run),
    "pretrain": (PretrainConfig, lambda config: pretrain.run(config, progress=False)),
    "classify": (ClassifyConfig, lambda config: classify.run(config, progress=False)),
    "finetune": (FinetuneConfig, lambda config: finetune.run(config, progress=False)),
}


def begin(run: Callable[[], object]) -> int:
    """Start an attempt; its process."""
    child = os.fork()
    if child:
        return child
    try:
        run()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def kill(child: int, delay: float) -> bool:
    """Kill an attempt after a while [s]; whether it had not come to its end by then."""
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)  # its number stays its own until it is waited for
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("an attempt failed")
    return os.WIFSIGNALED(status)


def main() -> None:
    """Kill so many attempts, then let one come to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("config", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=2.0, help="an attempt may take [s]")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kind, stage = STAGES[options.stage]
    config = read_config(kind, options.config)
    delays = random.Random(options.seed)
    for done in range(options.kills):
        if not kill(begin(lambda: stage(config)), delays.uniform(0, options.longest)):
            sys.exit(f"came to its end after {done} kills")
    began = time.monotonic()
    _, status = os.waitpid(begin(lambda: stage(config)), 0)
    print(f"{options.stage}: {options.kills} kills, then {time.monotonic() - began:.2f} s")
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    with patch.multiple(label_parts, _MOST_LABELS=1, _FEWEST_STRUCTURES=10):
        main()
