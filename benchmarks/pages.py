"""Tables of the documentation that are made from what benchmarks measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """All runs that were done, one JSON object in each line; none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append_line(path: Path, line: Line) -> None:
    """Keep a run that has been done."""
    with path.open("a") as file:
        file.write(f"{json.dumps(line)}\n")


def header(columns: list[str]) -> list[str]:
    """First lines of a table in Markdown, with a nameless column before the others."""
    return [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]


def with_table(page: str, name: str, table: str) -> str:
    """The page with a table between the marks ``<!-- name -->`` and ``<!-- /name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation, as far as there are so many values."""
    if not values:
        return "–"
    return f"{fmean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")
