"""The program of a benchmark that looks at the first split of each data set once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from benchmarks.accuracy.runs import Group
from benchmarks.pages import Line, append_line, read_lines


def run(
    description: str | None,
    results: Path,
    sets: Collection[str],
    default: Sequence[str],
    preset: str,
    measure: Callable[[Group, Path], Line],
    table: Callable[[Sequence[Line]], str],
    write: Callable[[Sequence[Line]], None],
) -> None:
    """Read the options; do what is missing and print the table, or write pages.

    Parameters
    ----------
    description
        Of the program.
    results
        File of lines.
    sets, default
        Data sets to choose from, and those that are taken without a choice.
    preset
        Of the groups.
    measure
        Gives the line of a group, in a folder to work in.
    table, write
        What is printed of all lines, and what ``--table`` does with them.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sets", nargs="+", choices=sets, default=list(default))
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"))
    parser.add_argument("--table", action="store_true", help="write docs/, run nothing")
    options = parser.parse_args()
    if options.table:
        write(read_lines(results))
        return
    done = {line["set"] for line in read_lines(results)}
    for name in options.sets:
        if name not in done:
            group = Group(name, "schnet", preset, 100, 0)
            append_line(results, measure(group, options.work.resolve()))
    print(table(read_lines(results)))
