"""DFT beside the EIP that is most like it: how alike, and on which scale.

The scale is a ratio of medians, which neither wild values nor a poor correlation draw down as they
do a fitted slope. On five sets of DFT labels with right units it was 0.4 to 1.1 for energies,
forces and stress, since EIPs are too stiff more often than too soft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from eippot.data.guards.labelled import Floats, Ints

#: values that are looked at; a rank takes sorting.
_MOST: Final = 20_000
#: values [eV, eV/Å, eV/Å³] that are rounding errors in every unit.
_NOISE: Final = 1e-8
#: rank correlation from which on values are of the same quantity, whatever the unit, and how many
#: of its standard deviations, 1/√(n − 1) for n structures, are no chance.
_LEAST_CORRELATION: Final = 0.5
_LEAST_SIGMA: Final = 3.5


@dataclass(frozen=True)
class Likeness:
    """How values of DFT compare with others.

    Attributes
    ----------
    source
        The others: an EIP.
    correlation
        Of ranks, between −1 and 1.
    scale
        What the others' size has to be multiplied by to be that of DFT, positive.
    structures
        Number of structures that the values are of; within one, they depend on one another.
    """

    source: str
    correlation: float
    scale: float
    structures: int

    @property
    def is_clear(self) -> bool:
        """Whether the values are of the same quantity."""
        by_chance = _LEAST_SIGMA / np.sqrt(max(self.structures - 1, 1))
        return bool(abs(self.correlation) >= max(_LEAST_CORRELATION, by_chance))


def likeness(source: str, values: Floats, others: Floats, owner: Ints) -> Likeness | None:
    """Compare values of DFT with others; None where nothing varies that both know.

    Parameters
    ----------
    source
        What the others are.
    values, others
        The same shape; NaN where there are none.
    owner
        Which structure each row of values is of.
    """
    both = (np.abs(values) > _NOISE) & (np.abs(others) > _NOISE)  # False for NaN
    both &= np.isfinite(values) & np.isfinite(others)
    known = np.flatnonzero(both)
    if len(known) > _MOST:
        known = known[np.linspace(0, len(known) - 1, _MOST).astype(int)]
    x, y = others.ravel()[known], values.ravel()[known]
    owners = owner[known * len(owner) // max(values.size, 1)]
    if not len(known) or np.ptp(x) <= _NOISE or np.ptp(y) <= _NOISE:
        return None
    large = np.abs(x) >= np.median(np.abs(x))
    return Likeness(
        source,
        float(np.corrcoef(_ranks(x), _ranks(y))[0, 1]),
        float(np.median(np.abs(y[large])) / np.median(np.abs(x[large]))),
        len(np.unique(owners)),
    )


def closest(values: Floats, others: Mapping[str, Floats], owner: Ints) -> Likeness | None:
    """Find the source that is most like DFT; None where none is clearly so.

    A source that DFT goes against is taken only if DFT goes with no other.

    Parameters
    ----------
    values
        Labels of DFT, in any shape; NaN where there are none.
    others
        What each source says, in the same shape.
    owner
        Which structure each row of values is of.
    """
    found = [
        like
        for source, said in others.items()
        if (like := likeness(source, values, said, owner)) is not None and like.is_clear
    ]
    return max(found, key=lambda like: (like.correlation > 0, abs(like.correlation)), default=None)


def _ranks(values: Floats) -> Floats:
    """Ranks, the mean of those that share a value."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - 0.5 * counts)[which.ravel()]
    return ranks
