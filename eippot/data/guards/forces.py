"""Forces that are zero, or nearly so, where the EIPs see some.

Symmetry makes forces zero in a crystal, which EIPs know as well as DFT. Where all of them see a
force, and DFT none, atoms were held fixed, or labels are those of other positions.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from eippot.data.guards.findings import Finding, count, name_some
from eippot.data.guards.labelled import Bools, Floats, LabelledSet
from eippot.properties import FORCES, reference_key

#: what all EIPs see of atoms whose force is not zero by symmetry [eV/Å]: on five sets no atom with
#: right labels, of 9,900 without a force, had more than 0.05.
_CLEAR: Final = 0.1
#: largest force of a structure that DFT holds for relaxed [eV/Å].
_STILL: Final = 0.05
#: how much more than its usual deviation from DFT the best EIP sees in a structure at rest.
_BEYOND: Final = 3.0
#: structures that are worth a word, and their share of those at rest: EIPs fail for some (up to 8 %
#: in parts of a set of right labels; where elements were in a wrong order, it was 25 %).
_FEWEST: Final = 3
_LEAST_SHARE: Final = 0.15

_KEY: Final = f"`{reference_key(FORCES)}`"


def check_zero_forces(labelled: LabelledSet) -> list[Finding]:
    """Look for forces that DFT lacks."""
    size = _norms(labelled.dft.forces)
    seen = {name: _norms(said.forces) for name, said in labelled.eips.items()}
    seen = {name: norms for name, norms in seen.items() if np.isfinite(norms).any()}
    if not seen or not np.isfinite(size).any():
        return []
    at_rest = (labelled.largest(size) < _STILL) & (labelled.n_atoms > 1)
    return [*_fixed(labelled, size, seen, at_rest), *_resting(labelled, seen, at_rest)]


def _fixed(
    labelled: LabelledSet, size: Floats, seen: dict[str, Floats], at_rest: Bools
) -> list[Finding]:
    """Single atoms without a force."""
    said = _least(list(seen.values()))
    moving = ~at_rest[labelled.owner]
    fixed = (size == 0.0) & (said > _CLEAR) & moving
    if not fixed.any():
        return []
    structures = np.unique(labelled.owner[fixed])
    text = (
        f"{_KEY} is exactly zero for {count(int(fixed.sum()), 'atom')} of "
        f"{count(len(structures))}, where every EIP sees {_CLEAR} eV/Å or more "
        f"({name_some(labelled, structures)}). Constraints write such zeros (selective dynamics, "
        "FixAtoms): take the forces without them, or leave these out."
    )
    return [Finding("fixed atoms", text)]


def _resting(labelled: LabelledSet, seen: dict[str, Floats], at_rest: Bools) -> list[Finding]:
    """Whole structures at rest that EIPs would move."""
    if at_rest.all():
        return []
    usual = {name: _usual_error(labelled, name, ~at_rest) for name in seen}
    best = min(usual, key=lambda name: usual[name])
    largest = {name: labelled.largest(norms) for name, norms in seen.items()}
    found = at_rest & (_least(list(largest.values())) > _CLEAR)
    found &= largest[best] > _BEYOND * usual[best]
    if found.sum() < max(_FEWEST, _LEAST_SHARE * at_rest.sum()):
        return []
    said = float(np.median(largest[best][found]))
    text = (
        f"{_KEY} is below {_STILL} eV/Å in {count(int(found.sum()))} where every EIP sees "
        f"{_CLEAR} eV/Å or more, and {best}, which elsewhere errs by {usual[best]:.2f}, {said:.2f} "
        f"({name_some(labelled, found)}). Are elements in the order of the positions, and labels "
        "and positions of one step of the relaxation? Were atoms held fixed?"
    )
    return [Finding("forces at rest", text)]


def _usual_error(labelled: LabelledSet, name: str, moving: Bools) -> float:
    """Median over structures of the largest deviation of an EIP's forces; infinite if unknown."""
    deviations = _norms(labelled.eips[name].forces - labelled.dft.forces)
    largest = labelled.largest(deviations)[moving]
    known = largest[np.isfinite(largest)]
    return float(np.median(known)) if len(known) else np.inf


def _norms(vectors: Floats) -> Floats:
    found: Floats = np.linalg.norm(vectors, axis=1)
    return found


def _least(said: list[Floats]) -> Floats:
    """Smallest of what EIPs say, of those that say something; −1 where none does."""
    found: Floats = np.min([np.nan_to_num(each, nan=np.inf) for each in said], axis=0)
    return np.where(np.isfinite(found), found, -1.0)
