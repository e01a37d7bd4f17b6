"""All labels of a run: which are there, which are missing, and which of them can be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.data import chemical_symbols

from eippot.eips.base import Limits, Outcome, Status
from eippot.eips.evaluator import Evaluator
from eippot.eips.frame import Frame
from eippot.eips.journal import Journal, entry_keys
from eippot.eips.messages import Opened
from eippot.eips.schedule import Entry
from eippot.eips.source import EIPSource
from eippot.errors import one_line


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
    limits
        Labels outside of these are not to be believed.
    """

    def __init__(
        self,
        sources: Sequence[EIPSource],
        structures: Sequence[Atoms],
        derivatives: bool,
        limits: Limits,
    ) -> None:
        frames = [Frame.from_atoms(atoms) for atoms in structures]
        self._numbers, self._counts = _count_atoms(frames)
        isolated = [Frame.from_atoms(Atoms(numbers=[z])) for z in self._numbers]
        self._n_structures = len(frames)
        self._frames = frames + isolated  # isolated atoms stand behind the structures
        self._keys = entry_keys(self._frames, sources, derivatives)
        self._raw: dict[bytes, Outcome] = {}
        self._unusable: dict[Entry, Outcome] = {}
        self._already_done = 0
        self._limits = limits
        self._n_atoms: list[int] = self._counts.sum(axis=1).tolist()
        self._isolated: dict[int, list[float]] = {}
        self._judged: list[list[Outcome | None]] = [[None] * len(frames) for _ in sources]

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
        self,
        pool: Evaluator,
        journal: Journal,
        report: Callable[[LabelProgress], None],
        finish: Callable[[list[int]], None] = lambda indices: None,
        must_open: bool = True,
    ) -> None:
        """Make the labels that are missing; each is in the journal before it is reported.

        Parameters
        ----------
        pool
            Makes them.
        journal
            Keeps them.
        report
            Called whenever labels have been made.
        finish
            Called with structures all of whose labels are there; not with each structure: what an
            earlier run has made, for one, is left out.
        must_open
            Whether an EIP that cannot be opened is an error; if not, all its labels are missing.

        Raises
        ------
        EippotError
            An EIP cannot be opened.
        """
        if must_open:
            self._find_unsupported(pool.open_all())
        else:
            self._find_unopened(pool.open_each())
        total, already = len(self._keys) * self._n_structures, self._already_done
        done = self._count_done()
        report(LabelProgress(done, total, already))
        missing, isolated = self._missing()
        left = Counter(entry.structure for entry in missing)
        can_judge = False

        def keep(entries: Sequence[Entry], packed: bytes) -> None:
            journal.add([self._keys[entry.eip][entry.structure] for entry in entries], packed)

        for batch in pool.evaluate(self._frames, missing, isolated, keep):
            for entry, outcome in batch:
                self._raw[self._keys[entry.eip][entry.structure]] = outcome
            made = [entry.structure for entry, _ in batch if entry.structure < self._n_structures]
            done += len(made)
            report(LabelProgress(done, total, already))
            left.subtract(made)
            can_judge = can_judge or self._knows_isolated_atoms()
            if can_judge:
                finish([index for index in dict.fromkeys(made) if not left[index]])
        if done < total:  # equal structures were evaluated once
            report(LabelProgress(total, total, already))

    def outcomes(self, index: int) -> list[Outcome]:
        """What came of each EIP; labels that are not finite or out of range are left out."""
        return [self._judge(eip, index) for eip in range(len(self._keys))]

    def _judge(self, eip: int, index: int) -> Outcome:
        judged = self._judged[eip][index]
        if judged is None:
            judged = self._outcome(Entry(eip, index))
            if judged.label is not None:
                isolated = self._isolated_energies(eip)[index]
                status, reason = self._limits.judge(judged.label, isolated, self._n_atoms[index])
                if status is not Status.OK:
                    judged = Outcome(status, reason, None, judged.seconds)
            self._judged[eip][index] = judged
        return judged

    def _knows_isolated_atoms(self) -> bool:
        return all(
            Entry(eip, index) in self._unusable or self._keys[eip][index] in self._raw
            for eip in range(len(self._keys))
            for index in range(self._n_structures, len(self._frames))
        )

    def _isolated_energies(self, eip: int) -> list[float]:
        """Energy [eV] of the atoms of each structure apart; 0 for what the EIP does not say."""
        if eip not in self._isolated:
            outcomes = [
                self._outcome(Entry(eip, index))
                for index in range(self._n_structures, len(self._frames))
            ]
            energies = np.array([0.0 if o.label is None else o.label.energy for o in outcomes])
            sums = self._counts @ np.where(np.isfinite(energies), energies, 0.0)
            self._isolated[eip] = sums.tolist()
        return self._isolated[eip]

    def _find_unsupported(self, species: Sequence[frozenset[str] | None]) -> None:
        symbols = [chemical_symbols[z] for z in self._numbers]
        present = np.concatenate([self._counts > 0, np.eye(len(symbols), dtype=bool)])
        for eip, known in enumerate(species):
            if known is None:
                continue
            is_unknown = np.array([symbol not in known for symbol in symbols])
            for index in np.flatnonzero((present & is_unknown).any(axis=1)).tolist():
                here = zip(symbols, present[index] & is_unknown, strict=True)
                unknown = sorted(symbol for symbol, is_here in here if is_here)
                reason = f"knows {', '.join(sorted(known))}, and not {', '.join(unknown)}"
                outcome = Outcome(Status.UNSUPPORTED_SPECIES, reason)
                self._unusable[Entry(eip, index)] = outcome

    def _find_unopened(self, answers: Sequence[Opened]) -> None:
        self._find_unsupported([answer.species for answer in answers])
        for eip, answer in enumerate(answers):
            if answer.error is None:
                continue
            outcome = Outcome(Status.FAILED, one_line(answer.error))
            for index in range(len(self._frames)):
                self._unusable[Entry(eip, index)] = outcome

    def _missing(self) -> tuple[list[Entry], list[Entry]]:
        """Labels of structures and of isolated atoms; equal structures are to be evaluated once."""
        entries: dict[bytes, Entry] = {}
        for eip, row in enumerate(self._keys):
            for index, key in enumerate(row):
                entry = Entry(eip, index)
                if key not in self._raw and entry not in self._unusable:
                    entries.setdefault(key, entry)
        missing: tuple[list[Entry], list[Entry]] = ([], [])
        for entry in entries.values():
            missing[entry.structure >= self._n_structures].append(entry)
        return missing

    def _outcome(self, entry: Entry) -> Outcome:
        return self._unusable.get(entry) or self._raw[self._keys[entry.eip][entry.structure]]

    def _count_done(self) -> int:
        return sum(
            key in self._raw or Entry(eip, index) in self._unusable
            for eip, row in enumerate(self._keys)
            for index, key in enumerate(row[: self._n_structures])
        )


def _count_atoms(frames: Sequence[Frame]) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Atomic numbers that occur, and how many atoms of each every structure has."""
    numbers = np.concatenate([frame.numbers for frame in frames])
    first = np.cumsum([0, *(len(frame.numbers) for frame in frames[:-1])])
    elements = np.flatnonzero(np.bincount(numbers)).tolist()
    counts = [np.add.reduceat(numbers == element, first, dtype=np.int64) for element in elements]
    return elements, np.stack(counts, axis=1)
