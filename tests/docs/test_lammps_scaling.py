"""The table of the page on LAMMPS is that of the benchmark's lines."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.lammps_scaling import MARK, PAGE, RESULTS, memory, microseconds, table
from benchmarks.pages import Line, read_lines, with_table


def test_the_table_tells_what_was_measured() -> None:
    text = PAGE.read_text()
    assert with_table(text, MARK, table(read_lines(RESULTS))) == text


def of_one_rank(model: str) -> list[Line]:
    found = [line for line in read_lines(RESULTS) if (line["model"], line["ranks"]) == (model, 1)]
    return [line for line in found if line["atoms"] >= 4096]


@pytest.mark.parametrize("model", ["exchanged", "compressed"])
def test_atoms_take_the_same_time_however_many_there_are(model: str) -> None:
    times = [microseconds(line) for line in of_one_rank(model)]
    assert len(times) == 4
    assert max(times) < 1.12 * min(times), "within the 12 % of the page"


def test_atoms_need_the_memory_that_the_page_says() -> None:
    lines = of_one_rank("exchanged")
    more = [(b["atoms"] - a["atoms"], memory(b) - memory(a)) for a, b in pairwise(lines)]
    assert all(0.135 < 1e3 * gigabytes / atoms < 0.145 for atoms, gigabytes in more)
    assert memory(of_one_rank("compressed")[-1]) < 0.65


def test_compressed_models_are_as_fast_as_the_page_says() -> None:
    times = {(x["atoms"], x["model"], x["ranks"]): microseconds(x) for x in read_lines(RESULTS)}
    ratios = [
        time / times[atoms, "compressed", ranks]
        for (atoms, model, ranks), time in times.items()
        if model == "exchanged"
    ]
    assert 15.5 < min(ratios) < max(ratios) < 21.5


def test_a_row() -> None:
    line: Line = {
        "atoms": 4096,
        "model": "extended",
        "ranks": 2,
        "steps": 10,
        "seconds": 4.096,
        "ghosts": 5000.0,
        "neighbors": 57344.0,
        "memory": 0.5,
    }
    assert microseconds(line) == 100.0
    row = "| 4,096 atoms, extended ghosts | 2 | 5,000 | 57,344 | 100.0 | 1.0 |"
    assert table([line]).splitlines()[-1] == row
