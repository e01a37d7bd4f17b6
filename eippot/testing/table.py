"""Properties × architectures × number formats, as a table."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from eippot.testing.checks import Check, title
from eippot.testing.subject import Subject


@dataclass(frozen=True)
class Outcome:
    """How a check ended.

    Attributes
    ----------
    seconds
        CPU time that it took.
    failure
        Why the property does not hold; empty where it does.
    """

    seconds: float
    failure: str = ""


def run_check(check: Check, subject: Subject) -> Outcome:
    """Run a check; whatever it raises is a failure."""
    start = time.process_time()
    failure = ""
    try:
        check(subject)
    except AssertionError as error:
        failure = str(error) or "AssertionError"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = str(error).strip() or "no message"
        failure = f"{type(error).__name__}: {reason} ({place.filename}:{place.lineno})"
    return Outcome(time.process_time() - start, failure)


def to_table(outcomes: Mapping[str, Mapping[Check, Outcome]]) -> Table:
    """One row per property, one column per subject; the last row sums the CPU seconds.

    Parameters
    ----------
    outcomes
        By subject and check, all checks for each.
    """
    table = Table("property", show_footer=True)
    table.columns[0].footer = "CPU seconds"
    for subject, column in outcomes.items():
        total = sum(outcome.seconds for outcome in column.values())
        table.add_column(
            subject.replace(" ", "\n"), footer=f"{total:.1f}", justify="right", no_wrap=True
        )
    for check in next(iter(outcomes.values()), {}):
        table.add_row(title(check), *(_cell(column[check]) for column in outcomes.values()))
    return table


def _cell(outcome: Outcome) -> str:
    word = "[red]FAILED[/]" if outcome.failure else "[green]ok[/]"
    return f"{word} {outcome.seconds:.1f}"
