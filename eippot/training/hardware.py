"""What a training runs on: one device, or one for each of several processes."""

from __future__ import annotations

import socket
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy

from eippot.processes import gathered, n_processes, rank


class _Joined(LightningEnvironment):
    """Processes that are connected already; to Lightning, each is alone on a node."""

    creates_processes_externally = True

    def world_size(self) -> int:
        """How many."""
        return n_processes()

    def global_rank(self) -> int:
        """Which of them."""
        return rank()

    def node_rank(self) -> int:
        """The same: nodes of one process each."""
        return rank()

    def local_rank(self) -> int:
        """The only one there."""
        return 0


def hardware() -> dict[str, Any]:
    """Options of Lightning's Trainer for the device of this process.

    Processes on the same machine share its GPUs out, unless each is shown one only.
    """
    if n_processes() == 1:
        return {"accelerator": "auto", "devices": 1, "use_distributed_sampler": False}
    hosts, gpus = gathered(socket.gethostname()), torch.cuda.device_count()
    neighbors_before = hosts[: rank()].count(hosts[rank()])
    return {
        "accelerator": "cuda" if gpus else "cpu",
        "devices": [neighbors_before % gpus] if gpus else 1,
        "num_nodes": n_processes(),
        "strategy": DDPStrategy(cluster_environment=_Joined()),
        "use_distributed_sampler": False,
    }
