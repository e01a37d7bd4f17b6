"""EIPs on many machines: Dask hands portions of work out, and pools of ours do it there.

A thread of a Dask worker has a pool of one worker process. So an EIP that crashes or hangs costs
there what it costs here, and Dask has to know of nothing but machines: what one that is gone had
not finished, it gives to another.
"""

from __future__ import annotations

import json
import logging
import shutil
import signal
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import dask
from distributed import Client, LocalCluster, as_completed
from distributed.scheduler import KilledWorker

from eippot.eips.base import Status
from eippot.eips.cluster_worker import Made, Pools, evaluate, open_each
from eippot.eips.evaluator import Evaluator, Finished, Keep
from eippot.eips.frame import Frame
from eippot.eips.messages import Opened
from eippot.eips.packing import pack_frames, unpack_outcomes
from eippot.eips.pool import available_cores
from eippot.eips.schedule import Entry, Schedule
from eippot.eips.source import EIPSource
from eippot.errors import ConfigError, EIPError, MissingDependencyError

#: portions that a thread has, so that the next one is there when it has done one.
_AHEAD: Final = 2
#: the number of threads is asked for this often [s]: workers come and go.
_COUNT_EVERY: Final = 1.0
#: a scheduler that is there answers in this time.
_ANSWER: Final = "20s"


class ClusterPool(Evaluator):
    """Evaluate EIPs on the workers of a Dask cluster.

    Parameters
    ----------
    sources
        The EIPs.
    cluster
        ``local``: workers on this machine; ``slurm``: jobs, as Dask's own configuration describes
        them; else the address of a Dask scheduler, or the path of its file (``….json``).
    workers
        How many workers (local) or jobs (slurm) to start; None for one for each core, or one.
    options
        Of a WorkerPool: limits, and what is wanted.
    give_up_after
        See Schedule.

    Raises
    ------
    ConfigError
        There is no such cluster, or it has no eippot.
    MissingDependencyError
        dask-jobqueue is not installed.
    """

    def __init__(
        self,
        sources: Sequence[EIPSource],
        cluster: str,
        workers: int | None,
        options: dict[str, Any],
        give_up_after: int,
    ) -> None:
        super().__init__(sources)
        self._name = f"eippot-{uuid.uuid4()}"
        self._give_up_after = give_up_after
        self._given_up: dict[int, Status] = {}
        self._cluster = _own_cluster(cluster, workers)
        self._client = _connected(cluster, self._cluster)
        self._counted, self._threads = float("-inf"), 1
        try:
            self._client.register_plugin(Pools(self.sources, options), self._name)
        except Exception as error:
            self.__exit__(None, None, None)
            raise ConfigError(
                f"Workers of the cluster {cluster} cannot take part: {error}",
                "They need the same eippot and Python as this machine.",
            ) from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._cluster is None:
            self._client.unregister_worker_plugin(self._name)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def open_each(self) -> list[Opened]:
        """See Evaluator; a worker of the cluster opens them."""
        return list(self._result(self._client.submit(open_each, self._name, pure=False)))

    def evaluate(
        self,
        frames: Sequence[Frame],
        entries: Iterable[Entry],
        first: Iterable[Entry] = (),
        keep: Keep = lambda entries, packed: None,
    ) -> Iterator[Finished]:
        """See Evaluator."""
        schedule = Schedule(entries, self._n_threads(), self._give_up_after, first, self._given_up)
        if abandoned := schedule.abandoned():
            yield abandoned
        at_work: dict[str, list[Entry]] = {}
        done = as_completed()
        while True:
            while len(at_work) < _AHEAD * self._n_threads():
                portion = schedule.next_portion()
                if not portion:
                    break
                packed = pack_frames([frames[entry.structure] for entry in portion])
                arguments = (self._name, portion[0].eip, packed)
                future = self._client.submit(evaluate, *arguments, pure=False)
                at_work[future.key] = portion
                done.add(future)
            if not at_work:
                return
            future = next(done)
            finished = _note(schedule, at_work.pop(future.key), self._result(future), keep)
            if finished:
                yield finished

    def _result(self, future: Any) -> Any:  # noqa: ANN401 - what the function of the task returns
        try:
            return future.result()
        except KilledWorker as error:
            raise EIPError(
                f"Workers of the cluster end again and again at the same work: {error}",
                "Do jobs have enough memory and time? The same command goes on from here.",
            ) from None

    def _n_threads(self) -> int:
        """Threads of all workers that there are now, and at least one."""
        now = time.monotonic()
        if now - self._counted > _COUNT_EVERY:
            self._counted = now
            self._threads = max(sum(self._client.nthreads().values()), 1)
        return self._threads


def _own_cluster(cluster: str, workers: int | None) -> Any:  # noqa: ANN401 - Dask has no types
    """A cluster that this run starts; None if it is there already."""
    if cluster == "local":
        with _own_interrupts():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # workers inherit it: we end them
            return LocalCluster(
                n_workers=workers or available_cores(),
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.ERROR,
            )
    if cluster != "slurm":
        return None
    try:
        with _own_interrupts():  # which the import replaces
            from dask_jobqueue import SLURMCluster
    except ModuleNotFoundError:
        raise MissingDependencyError(
            "Jobs of Slurm need dask-jobqueue.", "pip install 'eippot[cluster]'"
        ) from None
    if shutil.which("sbatch") is None:
        raise ConfigError(
            "Expected the command `sbatch` of Slurm, got none on this machine.",
            "Run this where jobs are submitted, or name another cluster.",
        )
    described = dask.config.get("jobqueue.slurm")
    missing = [name for name in ("cores", "memory") if described[name] is None]
    if missing:
        raise ConfigError(
            "Expected a description of the jobs in ~/.config/dask/jobqueue.yaml, got none of their "
            f"{' and '.join(missing)}.",
            "docs/cluster.md has an example.",
        )
    jobs = SLURMCluster()
    jobs.scale(jobs=workers or 1)
    return jobs


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Ctrl-C does afterwards what it did before."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _connected(cluster: str, started: Any) -> Client:  # noqa: ANN401 - a cluster of Dask
    named = cluster
    if started is not None:
        return Client(started)
    try:
        if cluster.endswith(".json"):
            cluster = json.loads(Path(cluster).read_text())["address"]
        return Client(cluster, timeout=_ANSWER)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"Expected `local`, `slurm`, or the address or file of a Dask scheduler that answers, "
            f"got {named}: {error}",
            "`dask scheduler` starts one, and prints its address.",
        ) from None


def _note(schedule: Schedule, portion: list[Entry], made: list[Made], keep: Keep) -> Finished:
    """Tell journal and schedule of what a worker has done."""
    finished: Finished = []
    for some in made:
        entries = [portion[i] for i in some.structures]
        outcomes = unpack_outcomes(some.packed)
        keep(entries, some.packed)
        if some.was_costly:
            finished += schedule.lost(entries[0], outcomes[0])
        else:
            schedule.note(entries[0].eip, outcomes)
            finished += zip(entries, outcomes, strict=True)
    return finished
