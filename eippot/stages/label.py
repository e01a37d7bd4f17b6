"""Label structures with empirical interatomic potentials."""

from __future__ import annotations

import csv
import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from ase import Atoms

from eippot.config.label import LabelConfig
from eippot.eips.base import Limits, Outcome, Status
from eippot.eips.evaluator import Evaluator
from eippot.eips.journal import Journal
from eippot.eips.labels import write_label
from eippot.eips.pool import WorkerPool, available_cores
from eippot.eips.source import EIPSource, collect_sources
from eippot.eips.table import LabelProgress, LabelTable
from eippot.errors import MissingDependencyError
from eippot.properties import ENERGY, LABELS, eip_key, reference_key
from eippot.structures.extxyz_writer import format_extxyz
from eippot.structures.io import check_paths, energy_of, read_structures, write_texts

if TYPE_CHECKING:
    from eippot.data.guards.findings import Finding

FAILURES_FILE: Final = "failures.csv"
_FEWEST_FOR_ERROR: Final = 10
#: as much of an input keeps a worker busy for longer than it takes to start.
_BYTES_PER_WORKER: Final = 2**22
#: text of labelled structures that is kept in memory until it is written.
_MOST_BYTES_AHEAD: Final = 2**28


@dataclass(frozen=True)
class EIPSummary:
    """What came of one EIP.

    Parameters
    ----------
    name, source
        Short name, and where it comes from.
    counts
        Number of structures by status; every status is there.
    median_ms
        Median time per structure [ms]; None where nothing was evaluated.
    energy_mae_per_atom
        Mean absolute error of the energies against reference labels [eV/atom], after alignment
        by one offset per element; None where fewer than ten structures have both.
    """

    name: str
    source: str
    counts: Mapping[Status, int]
    median_ms: float | None
    energy_mae_per_atom: float | None


@dataclass(frozen=True)
class LabelResult:
    """What a run has left.

    Parameters
    ----------
    output, failures
        The labelled structures, and the table of labels that are missing.
    n_structures
        Number of structures.
    n_labels
        Number of labels asked for: structures × EIPs.
    already_done
        How many of them an earlier, unfinished run had made.
    seconds
        Wall time [s].
    eips
        One summary per EIP.
    findings
        What is doubtful about the DFT labels, beside those of the EIPs.
    """

    output: Path
    failures: Path
    n_structures: int
    n_labels: int
    already_done: int
    seconds: float
    eips: tuple[EIPSummary, ...]
    findings: tuple[Finding, ...]


def run(
    config: LabelConfig,
    report: Callable[[LabelProgress], None] = lambda progress: None,
    restart: bool = False,
) -> LabelResult:
    """Evaluate every EIP on every structure, and write the labelled structures.

    An interrupted run is resumed by the same call: what is in the journal beside the output is
    not computed again. The journal is removed once the output is complete.

    Parameters
    ----------
    config
        What to do.
    report
        Called whenever labels have been made.
    restart
        Whether to forget what an unfinished run has done.

    Raises
    ------
    ConfigError, DataError, EIPError, MissingDependencyError
        The options, the structures, or an EIP cannot be used; nothing is written then.
    """
    start = time.monotonic()
    check_paths(config.input, config.output)
    sources = collect_sources(config.eips, config.sets)
    with _garbage_stays(), Journal(config.output) as journal:
        with _open_pool(config, sources, journal.folder) as pool:
            pool.start(_count_sure_workers(config.input))
            structures = read_structures(config.input, config.keys)
            limits = Limits(config.max_energy, config.max_force)
            table = LabelTable(sources, structures, config.forces, limits)
            if restart:
                journal.forget()
            already_done = table.resume(journal, config.time_limit)
            labelled = _Labelled(structures, sources, table)
            table.evaluate(pool, journal, report, labelled.prepare)
        outcomes = list(zip(*(table.outcomes(i) for i in range(len(structures))), strict=True))
        failures = config.output.with_name(FAILURES_FILE)
        _write_failures(failures, sources, outcomes)
        write_texts(config.output, labelled.texts())
        journal.remove()
    return LabelResult(
        output=config.output,
        failures=failures,
        n_structures=len(structures),
        n_labels=len(structures) * len(sources),
        already_done=already_done,
        seconds=time.monotonic() - start,
        eips=tuple(
            _summarize(source, row, structures)
            for source, row in zip(sources, outcomes, strict=True)
        ),
        findings=_check_reference_labels(structures),
    )


class _Labelled:
    """Structures with their labels, as text; as much as possible is made while workers work.

    Parameters
    ----------
    structures
        Get their labels.
    sources
        The EIPs.
    table
        The labels.
    """

    def __init__(
        self, structures: Sequence[Atoms], sources: Sequence[EIPSource], table: LabelTable
    ) -> None:
        self._structures = structures
        self._sources = sources
        self._table = table
        self._texts: dict[int, bytes] = {}
        self._n_bytes = 0

    def prepare(self, indices: Sequence[int]) -> None:
        """Format structures ahead, as far as memory is set apart for it."""
        if self._n_bytes < _MOST_BYTES_AHEAD:
            texts = list(format_extxyz(map(self._label, indices)))
            self._texts.update(zip(indices, texts, strict=True))
            self._n_bytes += sum(map(len, texts))

    def texts(self) -> Iterator[bytes]:
        """Text of every structure, in order."""
        indices = range(len(self._structures))
        for is_prepared, some in groupby(indices, self._texts.__contains__):
            if is_prepared:
                yield from map(self._texts.__getitem__, some)
            else:
                yield from format_extxyz(map(self._label, some))

    def _label(self, index: int) -> Atoms:
        atoms = self._structures[index]
        for source, outcome in zip(self._sources, self._table.outcomes(index), strict=True):
            write_label(atoms, source.name, source.text, outcome)
        return atoms


@contextmanager
def _garbage_stays() -> Iterator[None]:
    """Do not search for cyclic garbage: a run makes none, and what it makes it keeps."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _count_sure_workers(path: Path) -> int:
    """How many workers there will be work for, whatever is in the file."""
    return 1 + (path.stat().st_size // _BYTES_PER_WORKER if path.is_file() else 0)


def _open_pool(config: LabelConfig, sources: Sequence[EIPSource], folder: Path) -> Evaluator:
    options: dict[str, Any] = {
        "time_limit": config.time_limit,
        "setup_time_limit": config.setup_time_limit,
        "derivatives": config.forces,
    }
    if config.cluster is None:
        workers = config.workers or available_cores()
        return WorkerPool(
            sources, workers, give_up_after=config.give_up_after, folder=folder, **options
        )
    try:
        from eippot.eips.cluster import ClusterPool
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"Labels of a cluster need Dask: {error}.", "pip install 'eippot[cluster]'"
        ) from None
    return ClusterPool(sources, config.cluster, config.workers, options, config.give_up_after)


def _write_failures(
    path: Path, sources: Sequence[EIPSource], outcomes: Sequence[Sequence[Outcome]]
) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["structure", "eip", "status", "reason"])
        for index, column in enumerate(zip(*outcomes, strict=True)):
            for source, outcome in zip(sources, column, strict=True):
                if outcome.status is not Status.OK:
                    writer.writerow([index, source.name, outcome.status.value, outcome.reason])
    temporary.replace(path)


def _summarize(
    source: EIPSource, outcomes: Sequence[Outcome], structures: Sequence[Atoms]
) -> EIPSummary:
    counts = Counter(outcome.status for outcome in outcomes)
    times = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
    return EIPSummary(
        name=source.name,
        source=source.text,
        counts={status: counts[status] for status in Status},
        median_ms=1000 * median(times) if times else None,
        energy_mae_per_atom=_aligned_error(source.name, structures),
    )


def _check_reference_labels(structures: Sequence[Atoms]) -> tuple[Finding, ...]:
    """What is doubtful about the labels that structures had before."""
    keys = list(map(reference_key, LABELS))
    if not any(key in atoms.info or key in atoms.arrays for atoms in structures for key in keys):
        return ()
    from eippot.data.guards.check import check_labels  # brings the configurations of all models

    return check_labels(structures)


def _aligned_error(eip: str, structures: Sequence[Atoms]) -> float | None:
    """Mean absolute energy error against reference labels [eV/atom], after alignment."""
    pairs = [
        (atoms, energy, reference)
        for atoms in structures
        if (reference := energy_of(atoms, reference_key(ENERGY))) is not None
        and (energy := energy_of(atoms, eip_key(eip, ENERGY.name))) is not None
    ]
    if len(pairs) < _FEWEST_FOR_ERROR:
        return None
    from eippot.graphs.alignment import fit_alignment  # brings the configurations of all models

    species = sorted({symbol for atoms, _, _ in pairs for symbol in atoms.symbols})
    compositions = [[list(atoms.symbols).count(s) for s in species] for atoms, _, _ in pairs]
    energies, references = np.array([[pair[1], pair[2]] for pair in pairs]).T
    alignment = fit_alignment(
        eip, "offset", species, energies, references, np.array(compositions, dtype=np.float64)
    )
    return alignment.mae_per_atom
