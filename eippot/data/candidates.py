"""Label sources beside one another on the same structures: sorted, and equal ones marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import numpy as np

from eippot.data.ranking import Agreement, Comparison
from eippot.eips.base import Outcome, Status
from eippot.eips.openkim import KIMItem

#: an EIP is of use if it has a label for such a share of the structures.
LEAST_SHARE: Final = 0.9
#: of errors [eV/atom] that tell candidates apart.
_DIGITS: Final = 5


@dataclass(frozen=True)
class Candidate:
    """A model of OpenKIM on the structures that were drawn.

    Parameters
    ----------
    name
        Short name, which no other candidate has.
    item
        What the model says of itself.
    counts
        Number of structures by status.
    reason
        Why it has no label for a structure; empty where it has all.
    median_ms
        Median time per structure [ms]; None where nothing was evaluated.
    agreement
        How near it is to DFT; None where this is not known.
    same_as
        Name of a better candidate whose energies alignment makes the same; None where none is.
    """

    name: str
    item: KIMItem
    counts: Counter[Status]
    reason: str
    median_ms: float | None
    agreement: Agreement | None
    same_as: str | None = None

    @property
    def share(self) -> float:
        """Share of the structures that it has a label for."""
        return self.counts[Status.OK] / self.counts.total()

    @property
    def is_usable(self) -> bool:
        """Whether it has a label on nearly all structures."""
        return self.share >= LEAST_SHARE


def compare_candidates(
    names: Sequence[str],
    items: Sequence[KIMItem],
    outcomes: Sequence[Sequence[Outcome]],
    comparison: Comparison,
    is_ranked: bool,
) -> tuple[Candidate, ...]:
    """Judge all candidates, the best first.

    Parameters
    ----------
    names, items
        Short name and model of each.
    outcomes
        What came of each (rows) on every structure (columns).
    comparison
        The structures.
    is_ranked
        Whether DFT labels decide which is better; if not, newer ones come first.
    """
    energies: dict[str, np.ndarray] = {}
    candidates = []
    for name, item, row in zip(names, items, outcomes, strict=True):
        labels = [outcome.label for outcome in row]
        energies[name] = np.array([np.nan if label is None else label.energy for label in labels])
        forces = [None if label is None else label.forces for label in labels]
        agreement = comparison.agreement(name, energies[name], forces) if is_ranked else None
        candidates.append(_candidate(name, item, row, agreement))
    return _mark_same(sorted(candidates, key=_rank), comparison, energies)


def _candidate(
    name: str, item: KIMItem, outcomes: Sequence[Outcome], agreement: Agreement | None
) -> Candidate:
    times = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
    return Candidate(
        name=name,
        item=item,
        counts=Counter(outcome.status for outcome in outcomes),
        reason=next((outcome.reason for outcome in outcomes if outcome.reason), ""),
        median_ms=1000 * median(times) if times else None,
        agreement=agreement,
    )


def _rank(candidate: Candidate) -> tuple[float, ...]:
    """Those of use first; the nearest to DFT, or where that is not known the newest.

    Of several with the same potential the oldest is first.
    """
    year = candidate.item.citation.year
    if not candidate.is_usable:
        return (2.0, -candidate.share, year)
    if candidate.agreement is None:
        return (1.0, -year)
    return (0.0, round(candidate.agreement.energy_mae, _DIGITS), year)


def _mark_same(
    candidates: Sequence[Candidate], comparison: Comparison, energies: dict[str, np.ndarray]
) -> tuple[Candidate, ...]:
    """Name the better candidate that says the same, where there is one."""
    marked: list[Candidate] = []
    for candidate in candidates:
        same = (
            better.name
            for better in marked
            if better.same_as is None
            and comparison.are_same(energies[candidate.name], energies[better.name])
        )
        marked.append(replace(candidate, same_as=next(same, None)))
    return tuple(marked)
