"""Stress beside energies: what DFT itself says where structures differ in nothing but their cell.

For copies with the strain ε between them, E_2 − E_1 = V·σ:ε with σ and V half way, up to third
order in ε. So stress can be tried without any EIP.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np

from eippot.data.guards.labelled import Floats, Ints, LabelledSet

#: steps of fractional coordinates within which copies agree.
_STEPS: Final = 1000
#: between these the trapezoidal rule is good, and energies have digits: components of strain.
_LEAST_STRAIN, _MOST_STRAIN = 1e-4, 0.05
#: rotation of the cell between copies up to which their stresses may be added.
_MOST_ROTATION: Final = 0.01


def strained_copies(labelled: LabelledSet) -> tuple[Floats, Floats]:
    """Find differences of energies between strained copies.

    Returns
    -------
    tuple
        ``(pairs,)`` differences as energies have them, and as V·σ:ε has them [eV].
    """
    known = np.isfinite(labelled.dft.stress).all(axis=(1, 2)) & np.isfinite(labelled.dft.energies)
    one, two = _neighbors_in_volume(labelled, known)
    if not len(one):
        return np.zeros(0), np.zeros(0)
    deformed = np.linalg.solve(labelled.cells[one], labelled.cells[two])  # rows are vectors
    strain = 0.5 * (deformed - np.linalg.inv(deformed))  # from half way, up to third order
    strain = 0.5 * (strain + strain.swapaxes(1, 2))
    rotation = np.abs(deformed - deformed.swapaxes(1, 2)).max(axis=(1, 2))
    largest = np.abs(strain).max(axis=(1, 2))
    kept = (rotation < _MOST_ROTATION) & (largest > _LEAST_STRAIN) & (largest < _MOST_STRAIN)
    virial = labelled.volumes[:, None, None] * labelled.dft.stress
    said = 0.5 * np.einsum("pij,pij->p", virial[one] + virial[two], strain)
    differences = labelled.dft.energies[two] - labelled.dft.energies[one]
    return differences[kept], said[kept]


def _neighbors_in_volume(labelled: LabelledSet, known: np.ndarray) -> tuple[Ints, Ints]:
    """Copies of one another whose volumes follow upon one another, as two lists of indices."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index in np.flatnonzero(known).tolist():
        atoms = labelled.structures[index]
        places = np.linalg.solve(labelled.cells[index].T, (atoms.positions - atoms.positions[0]).T)
        steps = np.round(places.T * _STEPS).astype(int) % _STEPS
        groups[np.column_stack([steps, atoms.numbers]).tobytes()].append(index)
    pairs = [
        pair
        for group in groups.values()
        if len(ordered := sorted(group, key=lambda index: float(labelled.volumes[index]))) > 1
        for pair in zip(ordered[:-1], ordered[1:], strict=True)
    ]
    one, two = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return one, two
