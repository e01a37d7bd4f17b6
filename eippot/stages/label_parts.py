"""Labelling part by part, into a store: only one part is in memory at a time.

A part is what one shard of the store holds. While it is labelled, its outcomes are in the journal;
once its shard is written, a record beside it tells what came of it, and the outcomes are dropped. A
run that goes on takes the shards of all parts whose structures and settings are what they were.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any, Final

from ase import Atoms

from eippot.config.label import LabelConfig
from eippot.eips.base import Limits, Outcome, Status
from eippot.eips.evaluator import Evaluator
from eippot.eips.journal import Journal
from eippot.eips.labels import write_label
from eippot.eips.source import EIPSource
from eippot.eips.table import LabelProgress, LabelTable
from eippot.structures.arrow_columns import to_arrow
from eippot.structures.arrow_store import StoreWriter, in_parts, is_store, open_store
from eippot.structures.files import count_structures
from eippot.structures.io import iterate_structures
from eippot.version import __version__

#: labels of a part: so many that what they need stays far below a gigabyte.
_MOST_LABELS: Final = 2**16
_FEWEST_STRUCTURES: Final = 1024
_SHARDS, _RECORDS = "store", "records"

Report = Callable[[LabelProgress], None]
Row = list[Any]


@dataclass
class Tally:
    """What came of each EIP.

    Attributes
    ----------
    n_structures, already_done
        Structures, and labels that an earlier run had made.
    counts
        Structures by status.
    medians
        Median times per structure [s], of each part.
    """

    n_structures: int = 0
    already_done: int = 0
    counts: dict[str, Counter[Status]] = field(default_factory=dict)
    medians: dict[str, list[float]] = field(default_factory=dict)

    def add(self, eip: str, outcomes: Sequence[Outcome]) -> None:
        """Count outcomes of an EIP."""
        times = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
        counts = Counter(outcome.status for outcome in outcomes)
        self.merge(eip, counts, [median(times)] if times else [])

    def merge(self, eip: str, counts: Counter[Status], medians: list[float]) -> None:
        """Add what was counted elsewhere."""
        self.counts.setdefault(eip, Counter()).update(counts)
        self.medians.setdefault(eip, []).extend(medians)


def failures_of(
    sources: Sequence[EIPSource], outcomes: Sequence[Sequence[Outcome]], first: int = 0
) -> Iterator[Row]:
    """Structure, EIP, status and reason of each label that is missing.

    Parameters
    ----------
    sources
        The EIPs.
    outcomes
        Of each EIP, for each structure.
    first
        Number of the first structure.
    """
    for index, column in enumerate(zip(*outcomes, strict=True), first):
        for source, outcome in zip(sources, column, strict=True):
            if outcome.status is not Status.OK:
                yield [index, source.name, outcome.status.value, outcome.reason]


class LabelledParts:
    """The parts of one run.

    Parameters
    ----------
    config
        What to do.
    sources
        The EIPs.
    journal
        Keeps what is done.
    """

    def __init__(self, config: LabelConfig, sources: Sequence[EIPSource], journal: Journal) -> None:
        self._config = config
        self._sources = sources
        self._journal = journal
        self._writer = StoreWriter(journal.kept / _SHARDS)
        self._records = journal.kept / _RECORDS
        self._records.mkdir(exist_ok=True)
        self._n_parts = 0

    def label(self, pool: Evaluator, report: Report) -> Tally:
        """Label all structures of the input."""
        tally = Tally()
        expected = _count(self._config.input)
        most = max(_MOST_LABELS // (1 + len(self._sources)), _FEWEST_STRUCTURES)
        for part in in_parts(iterate_structures(self._config.input, self._config.keys), most):
            key = self._key(part)
            record = self._record(key)
            if record is None:
                record = self._make(part, key, tally, pool, _shifted(report, tally, self, expected))
            else:
                tally.already_done += len(part) * len(self._sources)
                self._writer.add_written(record["shard"])
            tally.n_structures += len(part)
            for eip, (counts, medians) in record["eips"].items():
                tally.merge(eip, Counter({Status(s): n for s, n in counts.items()}), medians)
            self._n_parts += 1
        return tally

    def labels_of(self, structures: int) -> int:
        """How many labels so many structures have."""
        return structures * len(self._sources)

    def failures(self) -> Iterator[Row]:
        """Labels that are missing, as of failures_of."""
        for number in range(self._n_parts):
            yield from json.loads(self._path(number).read_text())["failures"]

    def finish(self) -> None:
        """Put the store in its place."""
        self._writer.finish(self._config.output)

    def _make(
        self, part: list[Atoms], key: str, tally: Tally, pool: Evaluator, report: Report
    ) -> dict[str, Any]:
        config, sources = self._config, self._sources
        table = LabelTable(
            sources, part, config.forces, Limits(config.max_energy, config.max_force)
        )
        already = table.resume(self._journal, config.time_limit)
        table.evaluate(pool, self._journal, report)
        tally.already_done += already
        outcomes = list(zip(*(table.outcomes(i) for i in range(len(part))), strict=True))
        for source, row in zip(sources, outcomes, strict=True):
            for atoms, outcome in zip(part, row, strict=True):
                write_label(atoms, source.name, source.text, outcome)
        here = Tally()
        for source, row in zip(sources, outcomes, strict=True):
            here.add(source.name, row)
        record = {
            "key": key,
            "eips": {name: [counts, here.medians[name]] for name, counts in here.counts.items()},
            "failures": list(failures_of(sources, outcomes, tally.n_structures)),
            "shard": self._writer.add(part),
        }
        path = self._path(self._n_parts)
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(record))
        temporary.replace(path)
        self._journal.drop()
        gc.collect()
        return record

    def _record(self, key: str) -> dict[str, Any] | None:
        """What an earlier run has left of the next part."""
        path = self._path(self._n_parts)
        record: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"key": None}
        return record if record["key"] == key and self._writer.holds(record["shard"]) else None

    def _key(self, part: Sequence[Atoms]) -> str:
        """Digest of all that the shard of a part depends on."""
        settings = self._config.model_dump_json(exclude={"input", "output", "workers", "cluster"})
        about = [__version__, settings, *(f"{s.name} {s.text}" for s in self._sources)]
        digest = blake2b("\n".join(about).encode(), digest_size=16)
        digest.update(to_arrow(part).serialize())
        return digest.hexdigest()

    def _path(self, number: int) -> Path:
        return self._records / f"{number:05d}.json"


def _shifted(report: Report, tally: Tally, parts: LabelledParts, expected: int | None) -> Report:
    """Progress of a part as that of the run."""
    before, already = parts.labels_of(tally.n_structures), tally.already_done

    def shifted(progress: LabelProgress) -> None:
        total = parts.labels_of(expected or 0)
        done = before + progress.done
        report(
            LabelProgress(
                done, max(total, before + progress.total), already + progress.already_done
            )
        )

    return shifted


def _count(path: Path) -> int | None:
    return len(open_store(path)) if is_store(path) else count_structures(path)
