"""A pool of worker processes that evaluate EIPs and survive what EIPs do to them.

An EIP that aborts the process, hangs, or exits costs the structure it was at, and nothing else:
the worker is replaced, and what it had not finished is given to another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Final

from eippot.eips.base import Status
from eippot.eips.evaluator import Evaluator, Finished, Keep
from eippot.eips.frame import Frame
from eippot.eips.messages import Hello, Open, Opened, Phase
from eippot.eips.packing import pack_frames, pack_outcomes, unpack_outcomes
from eippot.eips.process import WorkerProcess
from eippot.eips.schedule import Entry, Schedule
from eippot.eips.source import EIPSource
from eippot.errors import EIPError

#: the pool looks at its workers at least this often [s].
_LOOK_EVERY: Final = 0.05
#: a worker whose work will last no longer than this [s] gets more.
_SOON: Final = 0.05
#: workers that die this often in a row without being at any structure are a broken installation.
_MAX_IDLE_DEATHS: Final = 3


@dataclass
class _Slot:
    """One place for a worker, and what the worker there is to do."""

    process: WorkerProcess | None = None
    entries: list[Entry] = field(default_factory=list)
    begun_before: int = 0  # labels that the worker had begun before these entries


class WorkerPool(Evaluator):
    """Evaluate EIPs in worker processes; a context manager that leaves no process behind.

    Another thread than the one at work may end it: no worker is started any more.

    Parameters
    ----------
    sources
        The EIPs, referred to by their index from here on.
    workers
        Number of processes.
    time_limit
        Longest time for one structure and one EIP [s].
    setup_time_limit
        Longest time for opening one EIP [s].
    derivatives
        Whether forces and stress are wanted.
    give_up_after
        See :class:`~eippot.eips.schedule.Schedule`.
    folder
        Where workers keep their temporary files; None is the system's place for them.
    """

    def __init__(
        self,
        sources: Sequence[EIPSource],
        workers: int = 1,
        time_limit: float = 10.0,
        setup_time_limit: float = 60.0,
        derivatives: bool = True,
        give_up_after: int = 20,
        folder: Path | None = None,
    ) -> None:
        self._folder = folder
        super().__init__(sources)
        self._hello = Hello(self.sources, derivatives)
        self._limits = {
            Phase.STARTING: setup_time_limit,
            Phase.OPENING: setup_time_limit,
            Phase.EVALUATING: time_limit,
        }
        self._slots = [_Slot() for _ in range(workers)]
        self._give_up_after = give_up_after
        self._idle_deaths = 0
        self._given_up: dict[int, Status] = {}
        self._starting = threading.Lock()
        self._is_over = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._starting:
            self._is_over = True
        for slot in self._slots:
            _empty(slot)

    def start(self, workers: int) -> None:
        """Start so many workers, at most all, ahead of any work: each takes a while."""
        for slot in self._slots[:workers]:
            self._process(slot)

    def open_each(self) -> list[Opened]:
        """Open every EIP once, and ask for the species that it knows, or what is wrong with it."""
        return [self._open(eip) for eip in range(len(self.sources))]

    def evaluate(
        self,
        frames: Sequence[Frame],
        entries: Iterable[Entry],
        first: Iterable[Entry] = (),
        keep: Keep = lambda entries, packed: None,
    ) -> Iterator[Finished]:
        """See Evaluator."""
        schedule = Schedule(entries, len(self._slots), self._give_up_after, first, self._given_up)
        return self.work(schedule, frames, keep)

    def work(self, schedule: Schedule, frames: Sequence[Frame], keep: Keep) -> Iterator[Finished]:
        """Evaluate all entries of a schedule; see evaluate."""
        self._keep = keep
        if abandoned := schedule.abandoned():
            yield abandoned
        self._assign(schedule, frames)
        while busy := [slot for slot in self._slots if slot.entries]:
            connections = [slot.process.connection for slot in busy if slot.process]
            wait(connections, timeout=_LOOK_EVERY)
            finished = [item for slot in busy for item in self._look(slot, schedule)]
            self._assign(schedule, frames)
            if finished:
                yield finished

    def _assign(self, schedule: Schedule, frames: Sequence[Frame]) -> None:
        for slot in self._slots:
            if schedule.expected_seconds(slot.entries) > _SOON:
                continue
            portion = schedule.next_portion()
            if not portion:
                return
            process = self._process(slot)
            if not slot.entries:
                slot.begun_before = process.board.begun
            slot.entries += portion
            work = pack_frames([frames[entry.structure] for entry in portion])
            process.give(portion[0].eip, work)

    def _look(self, slot: _Slot, schedule: Schedule) -> Finished:
        """See what a worker has sent, and whether it is alive and in time."""
        assert slot.process is not None
        ended = slot.process.ended  # asked first: what it sent before its end is still received
        finished = self._receive(slot, schedule)
        if not slot.entries:
            return finished
        if ended:
            return finished + self._bury(slot, schedule)
        if self._is_late(slot.process):
            slot.process.stop()
            finished += self._receive(slot, schedule)
            return finished + self._bury(slot, schedule)
        return finished

    def _receive(self, slot: _Slot, schedule: Schedule) -> Finished:
        assert slot.process is not None
        finished: Finished = []
        for packed in slot.process.receive():
            outcomes = unpack_outcomes(packed)
            entries = slot.entries[: len(outcomes)]
            del slot.entries[: len(outcomes)]
            slot.begun_before += len(outcomes)
            self._keep(entries, packed)
            schedule.note(entries[0].eip, outcomes)
            finished += zip(entries, outcomes, strict=True)
            self._idle_deaths = 0
        return finished

    def _bury(self, slot: _Slot, schedule: Schedule) -> Finished:
        """Take a worker that has ended out of its slot, and see to what it leaves behind."""
        assert slot.process is not None
        process, left = slot.process, slot.entries
        at = process.board.begun - slot.begun_before - 1
        late, (phase, elapsed) = self._is_late(process), process.elapsed()
        words = process.last_words()
        stopped = process.stopped
        _empty(slot)
        if phase in (Phase.STARTING, Phase.WAITING) or not 0 <= at < len(left):
            self._count_idle_death(words)
            return schedule.put_back(left)
        if stopped and not late:  # it went on in the very moment in which it was stopped
            return schedule.put_back(left)
        guilty = left.pop(at)
        finished = schedule.put_back(left)
        doing = "when it was opened, " if phase is Phase.OPENING else ""
        if stopped:
            limit = self._limits[phase]
            lost = schedule.timed_out(guilty, f"{doing}no answer in {limit:g} s", limit)
        else:
            lost = schedule.crashed(guilty, f"{doing}the worker {words}", elapsed)
        for entry, outcome in lost:
            if outcome.seconds is not None:  # it was tried
                self._keep([entry], pack_outcomes([outcome]))
        return finished + lost

    def _is_late(self, process: WorkerProcess) -> bool:
        phase, elapsed = process.elapsed()
        return elapsed > self._limits.get(phase, float("inf"))

    def _count_idle_death(self, words: str) -> None:
        self._idle_deaths += 1
        if self._idle_deaths >= _MAX_IDLE_DEATHS:
            raise EIPError(
                f"Worker processes end before they do anything; the last one {words}.",
                "Is the machine out of memory, or was the package changed during the run?",
            )

    def _process(self, slot: _Slot) -> WorkerProcess:
        with self._starting:
            if self._is_over:
                raise EIPError("This pool of worker processes has ended.")
            if slot.process is None:
                slot.process = WorkerProcess(self._hello, self._folder)
            return slot.process

    def _open(self, eip: int) -> Opened:
        slot = self._slots[0]
        process = self._process(slot)
        process.send(Open(eip))
        while True:
            wait([process.connection], timeout=_LOOK_EVERY)
            ended = process.ended
            messages = process.receive()
            if messages:
                answer: Opened = messages[0]
                return answer
            if ended or self._is_late(process):
                limit = self._limits.get(process.board.phase, 0.0)
                told = (
                    f"the worker {process.last_words()}" if ended else f"no answer in {limit:g} s"
                )
                _empty(slot)
                return Opened(None, EIPError(f"It cannot be opened: {told}."))


def available_cores() -> int:
    """How many workers can work at a time: the cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def _empty(slot: _Slot) -> None:
    if slot.process is not None:
        slot.process.discard()
    slot.process, slot.entries = None, []
