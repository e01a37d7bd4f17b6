"""Structures that are in a set more than once, and whether their labels agree.

Same is what a translation of all atoms and another order of atoms turn into one another, in the
lattice vectors as they are given. Candidates agree in |S(q)|, S(q) = Σ_i Z_i exp(2πi q·s_i) with
fractional coordinates s, for a few q, which neither changes: linear in the number of atoms but for
sorting. Candidates are then compared atom by atom.
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
#: period [Å] that stands for none, along directions in which structures are not periodic.
_PERIOD: Final = 7.31
#: digits of a fingerprint, and of cells [Å] in it.
_DIGITS: Final = 3
#: positions and lattice vectors that are further apart [Å] are another structure: a strained copy
#: that an equation of state is made of may differ by 0.003 Å.
_SAME: Final = 1e-4
#: translations that are tried, those first which S(q) speaks for.
_TRIED: Final = 3
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
    matcher = _Matcher(labelled)
    _, kinds = np.unique(matcher.fingerprints(), axis=0, return_inverse=True)
    firsts: dict[int, list[int]] = {}
    for index, kind in enumerate(kinds.ravel().tolist()):
        known = firsts.setdefault(kind, [])
        for first in known:
            order = matcher.match(first, index)
            if order is not None:
                yield first, index, order
                break
        else:
            known.append(index)


class _Matcher:
    """Compares structures atom by atom.

    Parameters
    ----------
    labelled
        The structures.
    """

    def __init__(self, labelled: LabelledSet) -> None:
        self._labelled = labelled
        self._cells = _completed(labelled)
        positions = np.concatenate([atoms.positions for atoms in labelled.structures])
        inverse = np.linalg.inv(self._cells)[labelled.owner]
        self._places: Floats = np.einsum("ni,nij->nj", positions, inverse)
        waves = labelled.numbers[:, None] * np.exp(2j * np.pi * (self._places @ _WAVES.T))
        self._sums = np.add.reduceat(waves, labelled.starts) / labelled.numbers.max()  # S(q)

    def fingerprints(self) -> Ints:
        """Numbers ``(k, m)`` that structures have in common where they are the same."""
        labelled = self._labelled
        shapes = self._cells.reshape(len(labelled), 9)
        numbers = np.column_stack([np.abs(self._sums), shapes, labelled.pbc])
        protons = np.add.reduceat(labelled.numbers, labelled.starts)
        rounded = np.round(numbers * 10**_DIGITS).astype(np.int64)
        return np.column_stack([rounded, labelled.n_atoms, protons])

    def match(self, one: int, two: int) -> Ints | None:
        """Order ``(n,)`` of the atoms of the second structure that makes it the first."""
        if np.abs(self._cells[one] - self._cells[two]).max() > _SAME:
            return None
        (places, numbers), (others, their_numbers) = self._atoms(one), self._atoms(two)
        rarest = min(set(numbers.tolist()), key=numbers.tolist().count)
        anchor = int(np.flatnonzero(numbers == rarest)[0])
        shifts = others[their_numbers == rarest] - places[anchor]
        for shift in self._likeliest(one, two, shifts):
            order = _nearest(self._cells[one], places + shift, others)
            if order is not None and (their_numbers[order] == numbers).all():
                return order
        return None

    def _atoms(self, index: int) -> tuple[Floats, Ints]:
        start = self._labelled.starts[index]
        here = slice(start, start + self._labelled.n_atoms[index])
        return self._places[here], self._labelled.numbers[here]

    def _likeliest(self, one: int, two: int, shifts: Floats) -> Floats:
        """Translations, of many, that turn S(q) of the first structure into that of the second."""
        turned = self._sums[one] * np.exp(2j * np.pi * (shifts @ _WAVES.T))
        off = np.abs(turned - self._sums[two]).sum(axis=1)
        likeliest: Floats = shifts[np.argsort(off, kind="stable")[:_TRIED]]
        return likeliest


def _completed(labelled: LabelledSet) -> Floats:
    """Lattice vectors ``(k, 3, 3)``, with others where structures are not periodic."""
    cells = np.where(labelled.pbc[:, :, None], labelled.cells, 0.0)
    for index in np.flatnonzero(~labelled.pbc.all(axis=1)):
        free = ~labelled.pbc[index]
        cells[index, free] = _PERIOD * complete_cell(cells[index])[free]
    return cells


def _nearest(cell: Floats, places: Floats, others: Floats) -> Ints | None:
    """Which of the others is at each place, if there is one at each."""
    if _distances(cell, places - others).max() < _SAME:
        return np.arange(len(places))  # in the order of the first, as copies mostly are
    distances = _distances(cell, places[:, None] - others)
    order: Ints = distances.argmin(axis=1)
    fits = (distances[np.arange(len(order)), order] < _SAME).all()
    return order if fits and len(set(order.tolist())) == len(order) else None


def _distances(cell: Floats, apart: Floats) -> Floats:
    """Lengths [Å] of the shortest images of fractional vectors ``(…, 3)``."""
    found: Floats = np.linalg.norm((apart - np.round(apart)) @ cell, axis=-1)
    return found


def _forces(labelled: LabelledSet, index: int) -> Floats:
    start = labelled.starts[index]
    found: Floats = labelled.dft.forces[start : start + labelled.n_atoms[index]]
    return found
