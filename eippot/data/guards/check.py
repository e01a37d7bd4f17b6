"""All guards, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ase import Atoms

from eippot.data.guards.duplicates import find_duplicates
from eippot.data.guards.extremes import check_distances, check_energies
from eippot.data.guards.findings import Finding
from eippot.data.guards.forces import check_zero_forces
from eippot.data.guards.labelled import LabelledSet
from eippot.data.guards.missing import check_missing
from eippot.data.guards.stress import check_stress
from eippot.data.guards.units import check_units
from eippot.properties import ENERGY, FORCES

Guard = Callable[[LabelledSet], list[Finding]]

_GUARDS: Final[tuple[Guard, ...]] = (
    check_missing,
    check_units,
    check_stress,
    find_duplicates,
    check_distances,
)
#: guards that say nothing that is worth anything where a quantity is in another unit.
_IN_RIGHT_UNITS: Final[dict[str, Guard]] = {
    FORCES.name: check_zero_forces,
    ENERGY.name: check_energies,
}


def check_labels(structures: Sequence[Atoms]) -> tuple[Finding, ...]:
    """Try the DFT labels of a set of structures for what is usually wrong with such.

    Nothing is changed, and nothing is refused: what a guard sees may be right. Labels of EIPs that
    the structures have are compared with.

    Parameters
    ----------
    structures
        Structures of a file, in its order, with or without labels.

    Returns
    -------
    tuple of Finding
        What was seen, at most one finding of a kind; none for good labels.
    """
    labelled = LabelledSet(structures)
    if not len(labelled):
        return ()
    found = [finding for guard in _GUARDS for finding in guard(labelled)]
    kinds = {finding.kind for finding in found}
    for name, guard in _IN_RIGHT_UNITS.items():
        if name not in kinds:
            found += guard(labelled)
    return tuple(found)
