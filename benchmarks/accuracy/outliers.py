"""Which wrong weak labels still pull while Tukey learns: ``make bench NAME=accuracy.outliers``.

Label augmentation as published, and from its own log (``metrics.csv``) the share of outliers, weak
energies that are off by more than 0.1, 0.2 and 0.3 eV/atom, which are within Tukey's reach, and the
spread of residuals, as training goes on (Fig. 3b and c of Shui et al. 2022). One JSON line for each
data set in ``benchmarks/accuracy/outliers.jsonl``; what has a line is not done again. ``--table``
writes the table of ``docs/results.md``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.accuracy import by_set
from benchmarks.accuracy.data import SETS
from benchmarks.accuracy.pipeline import Pipeline
from benchmarks.accuracy.report import PAGE
from benchmarks.accuracy.runs import Group
from benchmarks.pages import Line, header, with_table
from eippot.data.sources import reference_energies_of
from eippot.losses.terms import OUTLIERS, WEAK_ERROR
from eippot.properties import ENERGY, weak_key
from eippot.structures.io import has_reference_energy, read_structures, write_structures
from eippot.units import MEV_PER_EV

RESULTS: Final = Path(__file__).resolve().parent / "outliers.jsonl"
MARK: Final = "outliers table"
#: parts of the training, each a tenth of it, by what has been done before.
TIMES: Final = (0.0, 0.1, 0.3, 0.6, 0.9)


def audited(pipeline: Pipeline) -> tuple[Path, np.ndarray, np.ndarray]:
    """The classifier's labels with how far each is from DFT, in a file and in lists.

    Returns
    -------
    output
        File with the labels and their errors.
    errors
        ``(labels,)`` [eV/atom].
    sizes
        ``(labels,)`` numbers of atoms.
    """
    augmented = pipeline.classified(None)
    structures, hidden = read_structures(augmented), read_structures(pipeline.division.hidden)
    known = sum(map(has_reference_energy, structures))
    errors, sizes = [], []
    for atoms, truth in zip(structures[known:], reference_energies_of(hidden), strict=False):
        if weak_key(ENERGY) in atoms.info:
            atoms.info[WEAK_ERROR] = (atoms.info[weak_key(ENERGY)] - truth) / len(atoms)
            errors.append(atoms.info[WEAK_ERROR])
            sizes.append(len(atoms))
    output = augmented.with_name("audited.extxyz")
    write_structures(output, structures)
    return output, np.array(errors), np.array(sizes)


def measure(group: Group, work: Path) -> Line:
    """Numbers of outliers, and what each part of the training says of them."""
    pipeline = group.pipeline(work)
    labels, errors, sizes = audited(pipeline)
    with (pipeline.finetuned(None, labels, {}) / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("spread_energy")]
    tenth = max(len(rows) // 10, 1)
    parts = [rows[min(round(t * len(rows)), len(rows) - tenth) :][:tenth] for t in TIMES]
    columns = ["spread_energy", "kept_weak_energy", *map("kept_{}_outliers".format, OUTLIERS)]
    return {
        "set": group.set,
        "weak_labels": len(errors),
        "weak_mae_of_structures": MEV_PER_EV * float(abs(errors * sizes).mean()),
        "outliers": {name: int((abs(errors) > off).sum()) for name, off in OUTLIERS.items()},
        "parts": [{name: _mean(part, name) for name in columns} for part in parts],
    } | group.provenance()


def _mean(rows: Sequence[dict[str, str]], name: str) -> float | None:
    values = [float(row[name]) for row in rows if row.get(name)]
    return float(np.mean(values)) if values else None


def table(lines: Sequence[Line]) -> str:
    """In Markdown: a row for each part of the training."""
    kinds = [f"{name} outliers (> {off} eV/atom)" for name, off in OUTLIERS.items()]
    rows = header(["spread [eV]", "weak labels that pull", *kinds])
    for line in lines:
        counts = [line["weak_labels"], *line["outliers"].values()]
        off = f"off by {line['weak_mae_of_structures']:.0f} meV per structure"
        rows.append(f"| {line['set']}: {off}; how many | | {' | '.join(map(str, counts))} |")
        for time, part in zip(TIMES, line["parts"], strict=True):
            spread, *shares = part.values()
            cells = ["–" if share is None else f"{100 * share:.0f} %" for share in shares]
            done = f"after {100 * time:.0f} % of the steps"
            rows.append(f"| {done} | {spread:.2f} | {' | '.join(cells)} |")
    return "\n".join(rows)


def write(lines: Sequence[Line]) -> None:
    """Write the table of ``docs/results.md``."""
    PAGE.write_text(with_table(PAGE.read_text(), MARK, table(lines)))


if __name__ == "__main__":
    by_set.run(__doc__, RESULTS, SETS, ["Cu_ACE"], "paper", measure, table, write)
