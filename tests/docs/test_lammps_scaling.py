"""The table of the page on LAMMPS is that of the benchmark's lines."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.lammps_scaling import MARK, PAGE, RESULTS, memory, microseconds, table
from benchmarks.pages import Line, read_lines, with_table


def test_the_table_tells_what_was_measured() -> None:
    text = PAGE.read_text()
    assert with_table(text, MARK, table(read_lines(RESULTS))) == text


def test_atoms_cost_the_same_however_many_there_are() -> None:
    """Time and memory on one rank, as the page says."""
    lines = [line for line in read_lines(RESULTS) if line["ranks"] == 1]
    times = [microseconds(line) for line in lines]
    assert max(times) < 1.1 * min(times)
    more = [(b["atoms"] - a["atoms"], memory(b) - memory(a)) for a, b in pairwise(lines[1:])]
    assert all(0.135 < 1e3 * gigabytes / atoms < 0.145 for atoms, gigabytes in more)


def test_a_row() -> None:
    line: Line = {
        "atoms": 4096,
        "ranks": 2,
        "extended": True,
        "steps": 10,
        "seconds": 4.096,
        "ghosts": 5000.0,
        "neighbors": 57344.0,
        "memory": 0.5,
    }
    assert microseconds(line) == 100.0
    row = "| 4,096 atoms, extended ghosts | 2 | 5,000 | 57,344 | 100 | 1.0 |"
    assert table([line]).splitlines()[-1] == row
