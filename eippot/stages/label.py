"""Label structures with empirical interatomic potentials."""

from __future__ import annotations

import csv
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from ase import Atoms

from eippot.config.label import LabelConfig
from eippot.eips.base import Limits, Outcome, Status
from eippot.eips.journal import Journal
from eippot.eips.labels import write_label
from eippot.eips.pool import WorkerPool
from eippot.eips.source import EIPSource, collect_sources
from eippot.eips.table import LabelProgress, LabelTable
from eippot.errors import ConfigError
from eippot.graphs.alignment import fit_alignment
from eippot.properties import ENERGY, eip_key, reference_key
from eippot.structures.io import energy_of, read_structures, write_structures

FAILURES_FILE: Final = "failures.csv"
_FEWEST_FOR_ERROR: Final = 10


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
    """

    output: Path
    failures: Path
    n_structures: int
    n_labels: int
    already_done: int
    seconds: float
    eips: tuple[EIPSummary, ...]


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
    _check_paths(config)
    sources = collect_sources(config.eips, config.sets)
    structures = read_structures(config.input)
    table = LabelTable(sources, structures, config.forces)
    with Journal(config.output) as journal:
        if restart:
            journal.forget()
        already_done = table.resume(journal, config.time_limit)
        with _open_pool(config, sources, len(structures), journal.folder) as pool:
            table.evaluate(pool, journal, report)
        outcomes = table.judge(Limits(config.max_energy, config.max_force))
        for source, row in zip(sources, outcomes, strict=True):
            for atoms, outcome in zip(structures, row, strict=True):
                write_label(atoms, source.name, source.text, outcome)
        failures = config.output.with_name(FAILURES_FILE)
        _write_failures(failures, sources, outcomes)
        write_structures(config.output, structures)
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
    )


def _check_paths(config: LabelConfig) -> None:
    if config.output.resolve() == config.input.resolve():
        raise ConfigError(f"The output is the input: {config.input}.", "Name another output file.")
    names = config.output.name.removesuffix(".gz").removesuffix(".xz")
    if not names.endswith((".extxyz", ".xyz")):
        raise ConfigError(
            f"Expected an output that ends in .extxyz (or .extxyz.xz, .extxyz.gz), got "
            f"{config.output}."
        )


def _open_pool(
    config: LabelConfig, sources: Sequence[EIPSource], n_structures: int, folder: Path
) -> WorkerPool:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return WorkerPool(
        sources,
        workers=min(config.workers or cores or 1, n_structures * len(sources)),
        time_limit=config.time_limit,
        setup_time_limit=config.setup_time_limit,
        derivatives=config.forces,
        give_up_after=config.give_up_after,
        folder=folder,
    )


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


def _aligned_error(eip: str, structures: Sequence[Atoms]) -> float | None:
    """Mean absolute energy error against reference labels [eV/atom], after alignment."""
    pairs = [
        (atoms, energy, reference)
        for atoms in structures
        if (energy := energy_of(atoms, eip_key(eip, ENERGY.name))) is not None
        and (reference := energy_of(atoms, reference_key(ENERGY))) is not None
    ]
    if len(pairs) < _FEWEST_FOR_ERROR:
        return None
    species = sorted({symbol for atoms, _, _ in pairs for symbol in atoms.symbols})
    compositions = [[list(atoms.symbols).count(s) for s in species] for atoms, _, _ in pairs]
    energies, references = np.array([[pair[1], pair[2]] for pair in pairs]).T
    alignment = fit_alignment(
        eip, "offset", species, energies, references, np.array(compositions, dtype=np.float64)
    )
    return alignment.mae_per_atom
