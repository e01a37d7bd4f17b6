"""What a classifier believes: confusion, calibration, and the EIPs that it chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eippot.data.forecast import Forecast
from eippot.reporting.runs import FinishedRun
from eippot.training.calibration import Calibration


@dataclass(frozen=True)
class Classes:
    """What a page shows of a classifier.

    Attributes
    ----------
    names
        The EIPs, and "none".
    confusion
        Validation structures of each true (row) and predicted class.
    calibration
        How far probabilities are from coming true.
    usage
        How many structures without a DFT label each class was chosen for, the most frequent first.
    unlabelled
        How many there are.
    below_threshold
        How many have the class "none" because no class was probable enough.
    forecast
        How much of DFT the EIPs know; None where that was not found, or not written.
    """

    names: tuple[str, ...]
    confusion: list[list[int]]
    calibration: Calibration
    usage: dict[str, int]
    unlabelled: int
    below_threshold: int
    forecast: Forecast | None

    @property
    def right(self) -> int:
        """Validation structures whose class was found."""
        return sum(row[k] for k, row in enumerate(self.confusion))

    @property
    def count(self) -> int:
        """Validation structures."""
        return sum(map(sum, self.confusion))


def classes(run: FinishedRun) -> Classes | None:
    """Read what ``eippot classify`` wrote into its summary; None where there is nothing of it."""
    found: dict[str, Any] = run.summary
    if not {"confusion", "calibration", "usage", "below_threshold"} <= set(found):
        return None
    known = found.get("forecast")
    return Classes(
        run.card.outputs,
        found["confusion"],
        Calibration(**found["calibration"]),
        dict(sorted(found["usage"].items(), key=lambda item: -item[1])),
        sum(found["usage"].values()),
        found["below_threshold"],
        Forecast(**known) if known else None,
    )
