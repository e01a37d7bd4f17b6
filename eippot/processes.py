"""Several processes that train one network, started by torchrun or srun: who does what.

Every process reads the data and holds the network; of each batch, it has its own share. What a loss
needs of the whole batch is asked of all, so that it does not depend on how many they are.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, distributed

from eippot.errors import EippotError

T = TypeVar("T")
S = TypeVar("S", Tensor, list[int])


class _Launched(NamedTuple):
    """What torchrun or srun says: where processes meet, number of this one, and of all."""

    address: str
    place: int
    among: int


def n_processes() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0 on."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first() -> bool:
    """Whether this is the process that writes and prints."""
    return rank() == 0


def own(rows: S) -> S:
    """The share of this process in what belongs to a batch: rows are dealt out in order."""
    return rows[rank() :: n_processes()]


def per_process(count: int) -> float:
    """Mean of a number over all processes."""
    if n_processes() == 1:
        return count
    total = torch.tensor(count)
    distributed.all_reduce(total)
    return int(total) / n_processes()


def everywhere(rows: Tensor) -> Tensor:
    """Rows of all processes, in the order that they were dealt out in; without a gradient."""
    if n_processes() == 1:
        return rows.detach()
    counts = torch.tensor(gathered(len(rows)), device=rows.device)
    most = int(counts.max())
    padded = rows.new_zeros(most, *rows.shape[1:])
    padded[: len(rows)] = rows.detach()
    parts = [torch.empty_like(padded) for _ in counts]
    distributed.all_gather(parts, padded)
    is_row = torch.arange(most, device=rows.device)[:, None] < counts
    return torch.stack(parts, dim=1)[is_row]


def gathered(value: T) -> list[T]:
    """What each process says, from the first to the last."""
    if n_processes() == 1:
        return [value]
    values: list[Any] = [None] * n_processes()
    distributed.all_gather_object(values, value)
    return values


def by_first(function: Callable[[], T]) -> T:
    """Let the first process do something, and all have what comes of it, be it an error.

    Raises
    ------
    EippotError
        It is raised in all processes, also if another one has failed before this.
    """
    if n_processes() == 1:
        return function()
    _agree(None)
    outcome: list[Any] = [None, None]
    if is_first():
        try:
            outcome[0] = function()
        except EippotError as error:
            outcome[1] = error
    distributed.broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise _known_to_all(outcome[1])
    found: T = outcome[0]
    return found


@contextmanager
def joined() -> Iterator[None]:
    """Train together with the other processes that torchrun or srun has started, if there are any.

    An error of any process ends all of them, and is told by the first.

    Raises
    ------
    EippotError
        What any process has raised, or that another one has ended.
    """
    launched = _launched()
    if launched is None:
        yield
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        distributed.init_process_group(
            backend, launched.address, rank=launched.place, world_size=launched.among
        )
        if not is_first():
            logging.disable(logging.WARNING)
        yield
    except EippotError as error:
        _tell_once(error)
    except RuntimeError as error:
        if not _is_about_others(error):
            raise
        raise EippotError(
            f"Process {launched.place + 1} of {launched.among} has lost the others: one has ended, "
            "and what it said stands above.",
            "Without a word, it was killed: for want of memory, or since its time was over. The "
            "same command goes on after the last whole epoch.",
        ) from None
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _launched() -> _Launched | None:
    """What started this process as one of several; None if nothing did."""
    variables = os.environ
    if "TORCHELASTIC_RUN_ID" in variables:
        found = _Launched("env://", int(variables["RANK"]), int(variables["WORLD_SIZE"]))
    elif "SLURM_STEP_NUM_TASKS" in variables:
        found = _Launched(
            f"tcp://{_first_host()}:{_port()}",
            int(variables["SLURM_PROCID"]),
            int(variables["SLURM_STEP_NUM_TASKS"]),
        )
    else:
        return None
    return found if found.among > 1 else None


def _first_host() -> str:
    from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

    return SLURMEnvironment.resolve_root_node_address(os.environ["SLURM_STEP_NODELIST"])


def _port() -> int:
    """The same for all processes of a step, and another one for other steps."""
    step = int(os.environ["SLURM_JOB_ID"]) + int(os.environ["SLURM_STEP_ID"])
    return int(os.environ.get("MASTER_PORT", 15000 + step % 10000))


def _agree(error: EippotError | None) -> None:
    """Raise the first error of any process in all of them."""
    for found in gathered(error):
        if found is not None:
            raise _known_to_all(found)


def _known_to_all(error: EippotError) -> EippotError:
    error.known_to_all = True
    return error


def _tell_once(error: EippotError) -> None:
    """Raise an error in the first process, which tells it, and end the others."""
    if not error.known_to_all:
        if not is_first():
            place = f"process {rank() + 1} of {n_processes()}, on {socket.gethostname()}"
            error = type(error)(f"{error.message} (In {place}.)", error.hint)
        try:
            _agree(error)
        except EippotError as first:
            error = first
    if is_first():
        raise error
    sys.exit(1)


def _is_about_others(error: RuntimeError) -> bool:
    """Whether torch says that a connection has broken."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error)
