"""Runs stages, each in so many processes: ``python -m tests.together JOBS.yaml``.

A job has a ``stage``, a ``config`` and a number of ``processes``; with ``kill``, the last of these
is killed when the first has left a checkpoint there. Everything is imported once; processes are
forks of this one, with the variables that torchrun sets, or srun for ``slurm``. Exit codes and what
was said are printed.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from eippot.config.base import validate_config
from eippot.errors import EippotError
from eippot.processes import joined
from tests.killed import STAGES, begin


def _train(job: dict[str, Any]) -> None:
    kind, stage = STAGES[job["stage"]]
    try:
        with joined():
            stage(validate_config(kind, job["config"], "the job"))
    except EippotError as error:
        sys.exit(f"told: {error.message}")


def _by_torchrun(rank: int, count: int) -> dict[str, object]:
    place = {"RANK": rank, "WORLD_SIZE": count}
    return {**place, "MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test"}


def _by_srun(rank: int, count: int) -> dict[str, object]:
    job = {"SLURM_JOB_ID": 7, "SLURM_STEP_ID": 0, "SLURM_STEP_NODELIST": "127.0.0.1"}
    return {**job, "SLURM_PROCID": rank, "SLURM_STEP_NUM_TASKS": count}


def _start(job: dict[str, Any], rank: int, port: int, said: Path) -> int:
    def run() -> None:
        with said.open("a") as file:
            os.dup2(file.fileno(), 1)  # gloo tells who is connected
            os.dup2(file.fileno(), 2)
        if job["processes"] > 1:
            launched = _by_srun if job.get("slurm") else _by_torchrun
            variables = launched(rank, job["processes"]) | {"MASTER_PORT": port}
            os.environ |= {name: str(value) for name, value in variables.items()}
        _train(job)

    return begin(run)


def _run(job: dict[str, Any], said: Path) -> list[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [_start(job, rank, port, said) for rank in range(job["processes"])]
    if job.get("kill"):
        while not Path(job["kill"]).exists():
            time.sleep(0.01)
        os.kill(children[-1], signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main() -> None:
    """Run all jobs, one after the other."""
    found = []
    for number, job in enumerate(yaml.safe_load(Path(sys.argv[1]).read_text())):
        said = Path(f"said-{number}")
        codes = _run(job, said)
        found.append({"codes": codes, "said": said.read_text()})
    print(yaml.safe_dump(found))


if __name__ == "__main__":
    main()
