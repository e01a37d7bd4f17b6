"""``python -m eippot.testing [NAME ...]`` prints which architecture has which property."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import product

from rich.console import Console
from rich.measure import Measurement
from rich.progress import track

from eippot.config.base import Config, validate_config
from eippot.config.model import ArchitectureConfig, ModelConfig
from eippot.errors import EippotError
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.checks import CHECKS, Check, title
from eippot.testing.structures import CUTOFF
from eippot.testing.subject import PRECISIONS, Subject
from eippot.testing.table import Outcome, run_check, to_table


class _Asked(Config):
    model: ModelConfig


def configuration(name: str) -> ArchitectureConfig:
    """Find what to check.

    Parameters
    ----------
    name
        A name in ARCHITECTURES, or the import path ``module:Class`` of another architecture, which
        gets the defaults of its ``Config`` with the suite's cutoff.

    Raises
    ------
    ConfigError
        There is no such architecture.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    content = {"model": {"architecture": name, "cutoff": CUTOFF}}
    return validate_config(_Asked, content, f"the name `{name}`").model


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all checks, print the table and what failed; 1 if anything did."""
    parser = argparse.ArgumentParser("python -m eippot.testing", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(ARCHITECTURES)} (all of them by default), or module:Class",
    )
    names = parser.parse_args(arguments).names or list(ARCHITECTURES)
    try:
        configurations = {name: configuration(name) for name in names}
    except EippotError as error:
        print(error, file=sys.stderr)
        return 1
    return _report(configurations)


def _report(configurations: dict[str, ArchitectureConfig]) -> int:
    subjects = {
        f"{name} {precision.name}": Subject(config, precision)
        for name, config in configurations.items()
        for precision in PRECISIONS.values()
    }
    columns: dict[str, dict[Check, Outcome]] = {subject: {} for subject in subjects}
    cells = list(product(subjects, CHECKS))
    for subject, check in track(cells, "", console=Console(stderr=True), transient=True):
        columns[subject][check] = run_check(check, subjects[subject])
    table = to_table(columns)
    console = Console()
    unlimited = console.options.update(max_width=10_000)
    console.width = max(console.width, Measurement.get(console, unlimited, table).maximum)
    console.print(table)
    failures = [
        f"{subject}, {title(check)}: {outcome.failure}"
        for subject, column in columns.items()
        for check, outcome in column.items()
        if outcome.failure
    ]
    for failure in failures:
        print(failure)
    print(f"{len(cells) - len(failures)} of {len(cells)} hold.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
