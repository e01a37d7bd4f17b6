"""Labels that are not there, cannot be used, or are only a placeholder."""

from __future__ import annotations

from typing import Final

import numpy as np

from eippot.data.guards.findings import Finding, count, name_some
from eippot.data.guards.labelled import Bools, LabelledSet
from eippot.properties import ENERGY, FORCES, LABELS, STRESS, Property, reference_key

_WHAT_IS_LOST: Final = {
    ENERGY: "Such structures count as unlabelled.",
    FORCES: "Such forces count as missing.",
    STRESS: "Such stress counts as missing.",
}


def check_missing(labelled: LabelledSet) -> list[Finding]:
    """Look for labels that fewer structures have than seem to."""
    return [*_unusable(labelled), *_without_forces(labelled), *_placeholders(labelled)]


def _unusable(labelled: LabelledSet) -> list[Finding]:
    sentences = []
    for prop in LABELS:
        lost = _is_there(labelled, prop) & ~_is_known(labelled, prop)
        if prop is STRESS:
            lost &= labelled.pbc.all(axis=1)
        if lost.any():
            sentences.append(
                f"`{reference_key(prop)}` of {count(int(lost.sum()))} is not finite or of a wrong "
                f"shape ({name_some(labelled, lost)}). {_WHAT_IS_LOST[prop]}"
            )
    return [Finding("unusable labels", " ".join(sentences))] if sentences else []


def _without_forces(labelled: LabelledSet) -> list[Finding]:
    """Energies without forces, where others have both; an isolated atom needs none."""
    without = _is_known(labelled, ENERGY) & ~_is_there(labelled, FORCES) & (labelled.n_atoms > 1)
    if not without.any() or not _is_known(labelled, FORCES).any():
        return []
    text = (
        f"Of {len(labelled)} structures, {int(without.sum())} with a DFT energy are without "
        f"`{reference_key(FORCES)}` ({name_some(labelled, without)}). Forces are most of what is "
        "learnt: were they lost?"
    )
    return [Finding("missing forces", text)]


def _placeholders(labelled: LabelledSet) -> list[Finding]:
    """Stress that is exactly zero, which DFT never gives where atoms have neighbors."""
    zero = (labelled.dft.stress == 0.0).all(axis=(1, 2)) & (labelled.n_atoms > 1)
    if not zero.any():
        return []
    text = (
        f"`{reference_key(STRESS)}` of {count(int(zero.sum()))} is exactly zero "
        f"({name_some(labelled, zero)}), as a placeholder is. Remove it, or zero is learnt."
    )
    return [Finding("zero stress", text)]


def _is_there(labelled: LabelledSet, prop: Property) -> Bools:
    key = reference_key(prop)
    return np.array([key in atoms.info or key in atoms.arrays for atoms in labelled.structures])


def _is_known(labelled: LabelledSet, prop: Property) -> Bools:
    if prop is FORCES:
        unknown = np.isnan(labelled.dft.forces).any(axis=1)
        return ~np.logical_or.reduceat(unknown, labelled.starts)
    values = labelled.dft.stress[:, 0, 0] if prop is STRESS else labelled.dft.energies
    return np.isfinite(values)
