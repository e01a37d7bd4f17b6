"""What a Dask worker has of a run: worker processes of ours, and what they are asked there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Worker, WorkerPlugin, get_worker

from eippot.eips.messages import Opened
from eippot.eips.packing import PackedFrames, unpack_frames
from eippot.eips.pool import WorkerPool
from eippot.eips.schedule import Entry, Schedule
from eippot.eips.source import EIPSource
from eippot.errors import EIPError


class Made(NamedTuple):
    """Outcomes of one portion: of which of its structures, packed, and whether a worker died."""

    structures: list[int]
    packed: bytes
    was_costly: bool


class Pools(WorkerPlugin):  # type: ignore[misc] # Dask has no types
    """What a Dask worker has during a run: a pool for each of its threads.

    Parameters
    ----------
    sources, options
        Of the pools.
    """

    def __init__(self, sources: tuple[EIPSource, ...], options: dict[str, Any]) -> None:
        self._sources, self._options = sources, options

    def setup(self, worker: Worker) -> None:
        """Begin without any pool."""
        self._folder = Path(worker.local_directory)
        self._pools: dict[int, WorkerPool] | None = {}
        self._lock = threading.Lock()

    def teardown(self, worker: Worker) -> None:
        """End all worker processes."""
        with self._lock:
            pools, self._pools = self._pools or {}, None
        for pool in pools.values():
            pool.__exit__(None, None, None)

    def own(self) -> WorkerPool:
        """The pool of this thread; an EIPError if the run has ended."""
        thread = threading.get_ident()
        with self._lock:
            if self._pools is None:
                raise EIPError("The run that this belongs to has ended.")
            if thread not in self._pools:
                pool = WorkerPool(self._sources, folder=self._folder, **self._options)
                self._pools[thread] = pool
            return self._pools[thread]


def _pool(name: str) -> WorkerPool:
    plugin = get_worker().plugins[name]
    assert isinstance(plugin, Pools)
    return plugin.own()


def open_each(name: str) -> list[Opened]:
    """In a worker of the cluster: open all EIPs."""
    return _pool(name).open_each()


def evaluate(name: str, eip: int, packed: PackedFrames) -> list[Made]:
    """In a worker of the cluster: evaluate a portion."""
    frames = unpack_frames(packed)
    schedule = Schedule([Entry(eip, i) for i in range(len(frames))], 1, give_up_after=0)
    made: list[Made] = []

    def keep(entries: Sequence[Entry], outcomes: bytes) -> None:
        was_costly = entries[0] in schedule.costly
        made.append(Made([entry.structure for entry in entries], outcomes, was_costly))

    for _ in _pool(name).work(schedule, frames, keep):
        pass
    return made
