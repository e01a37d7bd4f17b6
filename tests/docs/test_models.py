"""The tables of the page on architectures are those of the benchmark's lines."""

from __future__ import annotations

import re
from typing import Final

import pytest

from benchmarks.models import FORMS, LABELS, MARK, RESULTS, SEEDS, tables
from benchmarks.pages import Line, read_lines, with_table
from eippot.config.model import BUILT_IN
from tests.docs.markdown import ROOT

PAGE: Final = ROOT / "docs" / "models.md"


def _line(model: str, labels: int, seed: int) -> Line:
    """Errors of 10, 11 and 12 meV/atom for the seeds, of which the first had the machine alone."""
    names = ("structures_per_second", "steps", "memory", "md_64", "md_512")
    costs = dict.fromkeys(names, 2.0 + seed)
    return {
        "model": model,
        "labels": labels,
        "seed": seed,
        "budget": 180.0,
        "alone": seed == 0,
        "ended_by": "max_seconds",
        "parameters": 12345,
        "energy_mae_per_atom": 10.0 + seed,
        "forces_mae": 200.0,
        **costs,
    }


def test_tables_tell_what_was_measured() -> None:
    text = PAGE.read_text()
    assert with_table(text, MARK, tables(read_lines(RESULTS))) == text


def test_every_run_is_there_once() -> None:
    keys = [(line["model"], line["labels"], line["seed"]) for line in read_lines(RESULTS)]
    assert len(set(keys)) == len(keys)
    assert {line["budget"] for line in read_lines(RESULTS)} == {180.0}


def test_every_architecture_is_described_and_measured() -> None:
    assert {form.split()[0] for form in FORMS} == set(BUILT_IN)
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), flags=re.MULTILINE)
    assert rows[1:] == list(BUILT_IN)


@pytest.mark.parametrize("seeds", [(), SEEDS[:1], SEEDS])
def test_tables_of_some_runs(seeds: tuple[int, ...]) -> None:
    found = tables([_line("cgcnn", max(LABELS), seed) for seed in seeds])
    energy = {0: "–", 1: "10.0", 3: "11.0 ± 1.0"}[len(seeds)]
    assert f" | {energy} / " in found
    assert ("| cgcnn | 12,345 | 2 | 2 | 2.00 | 2 | 2 |" in found) == bool(seeds)
    assert f"{len(seeds)} of 54 runs are done." in found
    assert ("may take 180 s;" in found) == bool(seeds)
    widths = {line.count("|") for line in found.splitlines() if line.startswith("|")}
    assert widths == {len(LABELS) + 2, 8}
