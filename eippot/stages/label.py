"""Label structures with empirical interatomic potentials."""

from __future__ import annotations

import csv
import gc
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from ase import Atoms

from eippot.config.label import LabelConfig
from eippot.eips.base import Limits, Status
from eippot.eips.evaluator import Evaluator
from eippot.eips.journal import Journal
from eippot.eips.pool import WorkerPool, available_cores
from eippot.eips.source import EIPSource, collect_sources
from eippot.eips.table import LabelTable
from eippot.errors import MissingDependencyError
from eippot.properties import ENERGY, LABELS, eip_key, reference_key
from eippot.stages.label_parts import LabelledParts, Report, Row, Tally, failures_of
from eippot.stages.label_texts import LabelledTexts
from eippot.structures.arrow_store import is_store, open_store
from eippot.structures.choosing import chosen, energies_under, have, spread
from eippot.structures.io import check_paths, read_structures, write_texts

if TYPE_CHECKING:
    from eippot.data.guards.findings import Finding

FAILURES_FILE: Final = "failures.csv"
_FEWEST_FOR_ERROR: Final = 10
#: of a store, so many structures tell the error well enough.
_MOST_FOR_ERROR: Final = 20_000
#: as much of an input keeps a worker busy for longer than it takes to start.
_BYTES_PER_WORKER: Final = 2**22


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
        Median time per structure [ms], of a store that of its shards; None where nothing was
        evaluated.
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
    report: Report = lambda progress: None,
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
    failures = config.output.with_name(FAILURES_FILE)
    label = _label_in_parts if is_store(config.output) else _label_at_once
    with _garbage_stays(), Journal(config.output) as journal:
        if restart:
            journal.forget()
        tally, structures = label(config, sources, journal, report, failures)
        journal.remove()
    return LabelResult(
        output=config.output,
        failures=failures,
        n_structures=tally.n_structures,
        n_labels=tally.n_structures * len(sources),
        already_done=tally.already_done,
        seconds=time.monotonic() - start,
        eips=tuple(_summarize(source, tally, structures) for source in sources),
        findings=_check_reference_labels(structures),
    )


def _label_at_once(
    config: LabelConfig,
    sources: Sequence[EIPSource],
    journal: Journal,
    report: Report,
    failures: Path,
) -> tuple[Tally, Sequence[Atoms]]:
    """Label structures in memory, and write them as extended XYZ."""
    with _open_pool(config, sources, journal.folder) as pool:
        pool.start(_count_sure_workers(config.input))
        structures = read_structures(config.input, config.keys)
        limits = Limits(config.max_energy, config.max_force)
        table = LabelTable(sources, structures, config.forces, limits)
        tally = Tally(len(structures), table.resume(journal, config.time_limit))
        labelled = LabelledTexts(structures, sources, table)
        table.evaluate(pool, journal, report, labelled.prepare)
    outcomes = list(zip(*(table.outcomes(i) for i in range(len(structures))), strict=True))
    for source, row in zip(sources, outcomes, strict=True):
        tally.add(source.name, row)
    _write_failures(failures, failures_of(sources, outcomes))
    write_texts(config.output, labelled.texts())
    return tally, structures


def _label_in_parts(
    config: LabelConfig,
    sources: Sequence[EIPSource],
    journal: Journal,
    report: Report,
    failures: Path,
) -> tuple[Tally, Sequence[Atoms]]:
    """Label a part of the structures after the other, and write them as a store."""
    parts = LabelledParts(config, sources, journal)
    with _open_pool(config, sources, journal.folder) as pool:
        pool.start(_count_sure_workers(config.input))
        tally = parts.label(pool, report)
    _write_failures(failures, parts.failures())
    parts.finish()
    return tally, open_store(config.output)


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


def _write_failures(path: Path, failures: Iterable[Row]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["structure", "eip", "status", "reason"])
        writer.writerows(failures)
    temporary.replace(path)


def _summarize(source: EIPSource, tally: Tally, structures: Sequence[Atoms]) -> EIPSummary:
    counts, medians = tally.counts[source.name], tally.medians[source.name]
    return EIPSummary(
        name=source.name,
        source=source.text,
        counts={status: counts[status] for status in Status},
        median_ms=1000 * median(medians) if medians else None,
        energy_mae_per_atom=_aligned_error(source.name, structures),
    )


def _check_reference_labels(structures: Sequence[Atoms]) -> tuple[Finding, ...]:
    """What is doubtful about the labels that structures had before."""
    keys = list(map(reference_key, LABELS))
    if not any(have(structures, key).any() for key in keys):
        return ()
    from eippot.data.guards.check import check_labels  # brings the configurations of all models

    return check_labels(structures)


def _aligned_error(eip: str, structures: Sequence[Atoms]) -> float | None:
    """Mean absolute energy error against reference labels [eV/atom], after alignment."""
    energies = energies_under(structures, eip_key(eip, ENERGY.name))
    references = energies_under(structures, reference_key(ENERGY))
    both = np.flatnonzero(np.isfinite(energies) & np.isfinite(references))
    if not isinstance(structures, list):
        both = spread(both, _MOST_FOR_ERROR)
    if len(both) < _FEWEST_FOR_ERROR:
        return None
    from eippot.graphs.alignment import fit_alignment  # brings the configurations of all models
    from eippot.graphs.references import composition

    labelled = chosen(structures, both)
    species = sorted({symbol for atoms in labelled for symbol in atoms.symbols})
    alignment = fit_alignment(
        eip, "offset", species, energies[both], references[both], composition(labelled, species)
    )
    return alignment.mae_per_atom
