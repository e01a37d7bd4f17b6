"""Which labels are evaluated next, in what portions, and when an EIP is given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from eippot.eips.base import Outcome, Status

#: a portion of work should keep a worker busy for about this long [s].
_PORTION_SECONDS: Final = 0.3
#: to hand out less than this at a time costs more than it balances [s].
_SHORTEST_SECONDS: Final = 0.01
_FIRST_PORTION: Final = 4
_LARGEST_PORTION: Final = 512
#: weight of the newest evaluation in the running mean of an EIP's speed.
_MEMORY: Final = 0.05


class Entry(NamedTuple):
    """One label to be made: index of the EIP, index of the structure."""

    eip: int
    structure: int


@dataclass
class _Queue:
    waiting: deque[int] = field(default_factory=deque)  # structures
    suspects: deque[int] = field(default_factory=deque)  # structures that a worker died at, once
    seconds: float | None = None  # running mean per structure
    lost_in_a_row: int = 0  # crashes and timeouts since the last evaluation that came back


class Schedule:
    """The labels still to be made.

    Structures are taken in a shuffled, reproducible order, so that a row of crashes speaks
    against the EIP, and not against one corner of a sorted data set. An evaluation that kills
    its worker is tried once more, alone, in a fresh one: the damage may have been done by an
    earlier structure.

    Parameters
    ----------
    entries
        What is to be done.
    n_workers
        Number of workers that share it.
    first
        Further entries, to be done before the others.
    give_up_after
        An EIP that has crashed or timed out so many times in a row is left alone; 0 is never.
    given_up
        EIPs that were left alone before, and why; further ones are added.

    Attributes
    ----------
    costly
        Entries that were given up after a crash or a timeout.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        n_workers: int,
        give_up_after: int,
        first: Iterable[Entry] = (),
        given_up: dict[int, Status] | None = None,
    ) -> None:
        self.costly: set[Entry] = set()
        self._queues: dict[int, _Queue] = {}
        for entry in entries:
            self._queues.setdefault(entry.eip, _Queue()).waiting.append(entry.structure)
        for queue in self._queues.values():
            queue.waiting = deque(_shuffled(queue.waiting))
        for entry in first:
            self._queues.setdefault(entry.eip, _Queue()).waiting.appendleft(entry.structure)
        self._turns = deque(self._queues)
        self._n_workers = n_workers
        self._give_up_after = give_up_after
        self._seen_crashing: set[Entry] = set()
        self._given_up = {} if given_up is None else given_up

    def abandoned(self) -> list[tuple[Entry, Outcome]]:
        """Take the entries of EIPs that were left alone before."""
        return [lost for eip in self._given_up for lost in self._rest(eip)]

    def next_portion(self) -> list[Entry]:
        """Take entries of one EIP for one worker; empty when nothing is waiting."""
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            eip = self._turns[-1]
            queue = self._queues[eip]
            if queue.suspects:
                return [Entry(eip, queue.suspects.popleft())]
            if queue.waiting:
                size = min(self._portion_size(queue), len(queue.waiting))
                return [Entry(eip, queue.waiting.popleft()) for _ in range(size)]
        return []

    def expected_seconds(self, entries: Sequence[Entry]) -> float:
        """How long entries will about take [s]; infinity if that is not known."""
        if not entries:
            return 0.0
        seconds = self._queues[entries[-1].eip].seconds
        return float("inf") if seconds is None else len(entries) * seconds

    def note(self, eip: int, outcomes: Sequence[Outcome]) -> None:
        """Learn from evaluations that came back: how fast the EIP is, and that it lives."""
        queue = self._queues[eip]
        for outcome in outcomes:
            seconds = outcome.seconds or 0.0
            mean = seconds if queue.seconds is None else queue.seconds
            queue.seconds = mean + _MEMORY * (seconds - mean)
        if outcomes:
            queue.lost_in_a_row = 0

    def put_back(self, entries: Sequence[Entry]) -> list[tuple[Entry, Outcome]]:
        """Return entries that a worker did not get to; finished are those of a given-up EIP."""
        finished = []
        for entry in entries:
            if entry.eip in self._given_up:
                finished.append((entry, self._untried(entry.eip)))
            else:
                self._queues[entry.eip].waiting.append(entry.structure)
        return finished

    def crashed(self, entry: Entry, reason: str, seconds: float) -> list[tuple[Entry, Outcome]]:
        """Note that a worker died at an entry; return what is finished by that."""
        if entry not in self._seen_crashing and entry.eip not in self._given_up:
            self._seen_crashing.add(entry)
            self._queues[entry.eip].suspects.append(entry.structure)
            return []
        return self.lost(entry, Outcome(Status.FAILED, reason, None, seconds))

    def timed_out(self, entry: Entry, reason: str, seconds: float) -> list[tuple[Entry, Outcome]]:
        """Note that an entry took too long; return what is finished by that."""
        return self.lost(entry, Outcome(Status.TIMEOUT, reason, None, seconds))

    def lost(self, entry: Entry, outcome: Outcome) -> list[tuple[Entry, Outcome]]:
        """Note an outcome that cost a worker; return what is finished by that."""
        queue = self._queues[entry.eip]
        self.costly.add(entry)
        queue.lost_in_a_row += 1
        finished = [(entry, outcome)]
        if 0 < self._give_up_after <= queue.lost_in_a_row and entry.eip not in self._given_up:
            self._given_up[entry.eip] = outcome.status
            finished += self._rest(entry.eip)
        return finished

    def _rest(self, eip: int) -> list[tuple[Entry, Outcome]]:
        """Take all entries of an EIP that is given up."""
        queue = self._queues.get(eip, _Queue())
        rest = [*queue.waiting, *queue.suspects]
        queue.waiting.clear()
        queue.suspects.clear()
        return [(Entry(eip, structure), self._untried(eip)) for structure in rest]

    def _untried(self, eip: int) -> Outcome:
        reason = f"not tried: {self._give_up_after} evaluations in a row crashed or timed out"
        return Outcome(self._given_up[eip], reason)

    def _portion_size(self, queue: _Queue) -> int:
        if queue.seconds is None:
            return _FIRST_PORTION
        seconds = max(queue.seconds, 1e-6)
        by_share = -(-len(queue.waiting) // (2 * self._n_workers))
        size = max(by_share, int(_SHORTEST_SECONDS / seconds))
        return max(1, min(size, int(_PORTION_SECONDS / seconds), _LARGEST_PORTION))


def _shuffled(structures: Sequence[int]) -> list[int]:
    order = np.random.default_rng(0).permutation(len(structures))
    return [structures[i] for i in order]
