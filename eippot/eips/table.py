"""All labels of a run: which are there, which are missing, and which of them can be believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from eippot.eips.base import Limits, Outcome, Status
from eippot.eips.journal import Journal, entry_keys
from eippot.eips.messages import Frame
from eippot.eips.pool import WorkerPool
from eippot.eips.schedule import Entry
from eippot.eips.source import EIPSource


@dataclass(frozen=True)
class LabelProgress:
    """How far a run is: labels done, of how many, and how many of them by an earlier run."""

    done: int
    total: int
    already_done: int


class LabelTable:
    """The labels EIPs × structures, and of the isolated atoms that they are judged by.

    Parameters
    ----------
    sources
        The EIPs.
    structures
        The structures.
    derivatives
        Whether forces and stress are wanted.
    """

    def __init__(
        self, sources: Sequence[EIPSource], structures: Sequence[Atoms], derivatives: bool
    ) -> None:
        frames = [Frame.from_atoms(atoms) for atoms in structures]
        self._numbers = sorted({int(z) for frame in frames for z in frame.numbers})
        isolated = [Frame.from_atoms(Atoms(numbers=[z])) for z in self._numbers]
        self._n_structures = len(frames)
        self._frames = frames + isolated  # isolated atoms stand behind the structures
        self._keys = entry_keys(self._frames, sources, derivatives)
        self._raw: dict[bytes, Outcome] = {}
        self._unsupported: dict[Entry, Outcome] = {}
        self._already_done = 0

    def resume(self, journal: Journal, time_limit: float) -> int:
        """Take what an earlier run has done, but for timeouts under a shorter limit [s].

        Returns
        -------
        int
            Number of labels of structures that are there now.
        """
        wanted = {key for row in self._keys for key in row}
        for key, outcome in journal.outcomes.items():
            timed_out = outcome.status is Status.TIMEOUT
            if key in wanted and not (timed_out and (outcome.seconds or 0.0) < time_limit):
                self._raw[key] = outcome
        self._already_done = self._count_done()
        return self._already_done

    def evaluate(
        self, pool: WorkerPool, journal: Journal, report: Callable[[LabelProgress], None]
    ) -> None:
        """Make the labels that are missing; each is in the journal before it is reported.

        Raises
        ------
        EippotError
            An EIP cannot be opened.
        """
        self._find_unsupported(pool.open_all())
        total, already = len(self._keys) * self._n_structures, self._already_done
        done = self._count_done()
        report(LabelProgress(done, total, already))
        for batch in pool.evaluate(self._frames, self._missing()):
            pairs = [(self._keys[entry.eip][entry.structure], out) for entry, out in batch]
            journal.add([pair for pair in pairs if pair[1].seconds is not None])
            self._raw.update(pairs)
            done += sum(entry.structure < self._n_structures for entry, _ in batch)
            report(LabelProgress(done, total, already))
        if done < total:  # equal structures were evaluated once
            report(LabelProgress(total, total, already))

    def judge(self, limits: Limits) -> list[list[Outcome]]:
        """Outcomes ``[eip][structure]``, without labels that are not finite or out of range."""
        return [
            [
                self._judge(Entry(eip, index), limits, isolated)
                for index in range(self._n_structures)
            ]
            for eip, isolated in enumerate(self._isolated_energies())
        ]

    def _judge(self, entry: Entry, limits: Limits, isolated: dict[int, float]) -> Outcome:
        outcome = self._outcome(entry)
        if outcome.label is None:
            return outcome
        numbers = self._frames[entry.structure].numbers
        isolated_energy = sum(isolated.get(int(z), 0.0) for z in numbers)
        status, reason = limits.judge(outcome.label, isolated_energy, len(numbers))
        label = outcome.label if status is Status.OK else None
        return Outcome(status, reason, label, outcome.seconds)

    def _isolated_energies(self) -> list[dict[int, float]]:
        """Energy [eV] of the isolated atoms by atomic number, one dictionary per EIP."""
        energies: list[dict[int, float]] = [{} for _ in self._keys]
        for eip, known in enumerate(energies):
            for index, number in enumerate(self._numbers, start=self._n_structures):
                label = self._outcome(Entry(eip, index)).label
                if label is not None and np.isfinite(label.energy):
                    known[number] = label.energy
        return energies

    def _find_unsupported(self, species: Sequence[frozenset[str] | None]) -> None:
        symbols = [{chemical_symbols[z] for z in frame.numbers} for frame in self._frames]
        for eip, known in enumerate(species):
            for index, here in enumerate(symbols):
                if known is not None and (unknown := sorted(here - known)):
                    reason = f"knows {', '.join(sorted(known))}, and not {', '.join(unknown)}"
                    outcome = Outcome(Status.UNSUPPORTED_SPECIES, reason)
                    self._unsupported[Entry(eip, index)] = outcome

    def _missing(self) -> list[Entry]:
        entries: dict[bytes, Entry] = {}  # equal structures are evaluated once
        for eip, row in enumerate(self._keys):
            for index, key in enumerate(row):
                entry = Entry(eip, index)
                if key not in self._raw and entry not in self._unsupported:
                    entries.setdefault(key, entry)
        return list(entries.values())

    def _outcome(self, entry: Entry) -> Outcome:
        return self._unsupported.get(entry) or self._raw[self._keys[entry.eip][entry.structure]]

    def _count_done(self) -> int:
        return sum(
            key in self._raw or Entry(eip, index) in self._unsupported
            for eip, row in enumerate(self._keys)
            for index, key in enumerate(row[: self._n_structures])
        )
