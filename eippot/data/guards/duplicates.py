"""Structures that are in a set more than once, and whether their labels agree.

Same is what a translation of all atoms and another order of atoms turn into one another, in the
lattice vectors as they are given. Candidates agree in |S(q)|, S(q) = Σ_i Z_i exp(2πi q·s_i) with
fractional coordinates s, for a few q, which neither changes; candidates are then compared atom by
atom. All is linear in the number of atoms but sorting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from ase.geometry import complete_cell

from eippot.data.guards.findings import Finding, name_some
from eippot.data.guards.labelled import Floats, Ints, LabelledSet
from eippot.units import MEV_PER_EV

#: q of the fingerprint: each direction, and mixtures, which a single shifted atom changes.
_WAVES: Final = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 2, 0], [0, 1, 2], [2, 0, 1], [1, 1, 1], [3, 2, 1]]
)
#: period [Å] along directions in which structures are not periodic; no lattice has it.
_PERIOD: Final = 7.31
#: digits of a fingerprint, and of cells [Å] in it.
_DIGITS: Final = 3
#: positions and lattice vectors that are further apart [Å] are another structure: a strained copy
#: that an equation of state is made of may differ by 0.003 Å.
_SAME: Final = 1e-4
#: labels of one structure that differ by more contradict one another: DFT that is converged well
#: enough to be learnt from repeats itself to 1 meV/atom and 0.05 eV/Å.
_SAME_ENERGY: Final = 1e-3
_SAME_FORCE: Final = 0.05


def find_duplicates(labelled: LabelledSet) -> list[Finding]:
    """Look for structures that are there twice, with the same or other labels."""
    pairs = list(_pairs(labelled))
    if not pairs:
        return []
    off = np.array([_differences(labelled, *pair) for pair in pairs])  # (pairs, 2)
    contradict = (off > (_SAME_ENERGY, _SAME_FORCE)).any(axis=1)
    known = np.array([(one, two) for one, two, _ in pairs])
    found = []
    if not contradict.all():
        text = (
            f"Of {len(labelled)} structures, {_name(labelled, known[~contradict])} with the same "
            "labels. They leak from training into validation and test: keep one of each."
        )
        found.append(Finding("duplicates", text))
    if contradict.any():
        energy, force = off[contradict].max(axis=0)
        text = (
            f"Of {len(labelled)} structures, {_name(labelled, known[contradict])} with other "
            f"labels: energies differ by up to {MEV_PER_EV * energy:.3g} meV/atom, forces by up to "
            f"{MEV_PER_EV * force:.3g} meV/Å. Were they computed with other settings? Keep those "
            "of one kind."
        )
        found.append(Finding("contradictions", text))
    return found


def _name(labelled: LabelledSet, pairs: Ints) -> str:
    """Say how many structures are there twice, and which."""
    one, two = labelled.indices[pairs[0]]
    return (
        f"{len(pairs)} {'was' if len(pairs) == 1 else 'were'} there before "
        f"({name_some(labelled, pairs[:, 1])}; {two} is {one})"
    )


def _differences(labelled: LabelledSet, one: int, two: int, order: Ints) -> tuple[float, float]:
    """How much energies [eV/atom] and forces [eV/Å] differ; 0 where one has no label."""
    energies = labelled.dft.energies[[one, two]] / labelled.n_atoms[one]
    forces = _forces(labelled, two)[order] - _forces(labelled, one)
    off = float(energies[1] - energies[0]), float(np.abs(forces).max())
    return (abs(off[0]) if np.isfinite(off[0]) else 0.0, off[1] if np.isfinite(off[1]) else 0.0)


def _pairs(labelled: LabelledSet) -> Iterator[tuple[int, int, Ints]]:
    """Each structure that was there before: the first of its kind, itself, and its order."""
    if len(labelled) < 2:
        return
    cells = _completed(labelled)
    fractional = _fractional(labelled, cells)
    _, kinds = np.unique(_fingerprints(labelled, cells, fractional), axis=0, return_inverse=True)
    firsts: dict[int, list[int]] = {}
    for index, kind in enumerate(kinds.ravel().tolist()):
        known = firsts.setdefault(kind, [])
        for first in known:
            order = _match(labelled, cells, fractional, first, index)
            if order is not None:
                yield first, index, order
                break
        else:
            known.append(index)


def _completed(labelled: LabelledSet) -> Floats:
    """Lattice vectors ``(k, 3, 3)``, with others where structures are not periodic."""
    cells = np.where(labelled.pbc[:, :, None], labelled.cells, 0.0)
    for index in np.flatnonzero(~labelled.pbc.all(axis=1)):
        free = ~labelled.pbc[index]
        cells[index, free] = _PERIOD * complete_cell(cells[index])[free]
    return cells


def _fractional(labelled: LabelledSet, cells: Floats) -> Floats:
    positions = np.concatenate([atoms.positions for atoms in labelled.structures])
    found: Floats = np.einsum("ni,nij->nj", positions, np.linalg.inv(cells)[labelled.owner])
    return found


def _fingerprints(labelled: LabelledSet, cells: Floats, fractional: Floats) -> Ints:
    """Numbers ``(k, m)`` that structures have in common where they are the same."""
    waves = labelled.numbers[:, None] * np.exp(2j * np.pi * (fractional @ _WAVES.T))
    sums = np.abs(np.add.reduceat(waves, labelled.starts))
    sums /= labelled.numbers.max()
    shapes = cells.reshape(len(labelled), 9)
    numbers = np.column_stack([sums, shapes, labelled.pbc])
    kinds = np.column_stack([labelled.n_atoms, np.add.reduceat(labelled.numbers, labelled.starts)])
    rounded: Ints = np.column_stack([np.round(numbers, _DIGITS) * 10**_DIGITS, kinds]).astype(int)
    return rounded


def _match(
    labelled: LabelledSet, cells: Floats, fractional: Floats, one: int, two: int
) -> Ints | None:
    """Order ``(n,)`` of the atoms of the second structure that makes it the first, if there is."""
    if np.abs(cells[one] - cells[two]).max() > _SAME:
        return None
    size = int(labelled.n_atoms[one])
    here, there = (slice(start, start + size) for start in labelled.starts[[one, two]])
    numbers, others = labelled.numbers[here], labelled.numbers[there]
    places, shifted = fractional[here], fractional[there]
    rarest = min(set(numbers.tolist()), key=numbers.tolist().count)
    anchor = int(np.flatnonzero(numbers == rarest)[0])
    for start in np.flatnonzero(others == rarest):
        order = _nearest(cells[one], places - places[anchor], shifted - shifted[start])
        if order is not None and (others[order] == numbers).all():
            return order
    return None


def _nearest(cell: Floats, places: Floats, others: Floats) -> Ints | None:
    """Which of the others is at each place, if there is one at each."""
    apart = places[:, None] - others
    apart -= np.round(apart)
    distances = np.linalg.norm(apart @ cell, axis=2)
    order: Ints = distances.argmin(axis=1)
    fits = (distances[np.arange(len(order)), order] < _SAME).all()
    return order if fits and len(set(order.tolist())) == len(order) else None


def _forces(labelled: LabelledSet, index: int) -> Floats:
    start = labelled.starts[index]
    found: Floats = labelled.dft.forces[start : start + labelled.n_atoms[index]]
    return found
