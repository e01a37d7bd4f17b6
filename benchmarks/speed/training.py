"""Speed of training with torch, for contestants whose loss comes from a loop over batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch

#: steps before time is taken.
WARM_UP = 3

#: the losses of an epoch, each with the number of its structures.
Losses = Callable[[], Iterator[tuple[torch.Tensor, int]]]


def training_speed(
    losses: Losses,
    optimizer: torch.optim.Optimizer,
    backward: Callable[[torch.Tensor], None] = torch.Tensor.backward,
) -> Callable[[float], float]:
    """Warm up; how to measure the speed of optimization then [structures/s].

    Measured is all that an epoch does: taking structures from the loader and batching them,
    energies, forces, loss, gradients, and the step of the optimizer.
    """
    endless = _endless(losses)

    def step() -> int:
        loss, structures = next(endless)
        optimizer.zero_grad()
        backward(loss)
        optimizer.step()
        return structures

    for _ in range(WARM_UP):
        step()

    def measure(seconds: float) -> float:
        began, structures = time.perf_counter(), 0
        while structures == 0 or time.perf_counter() - began < seconds:
            structures += step()
        return structures / (time.perf_counter() - began)

    return measure


def _endless(losses: Losses) -> Iterator[tuple[torch.Tensor, int]]:
    while True:
        yield from losses()
