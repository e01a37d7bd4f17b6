"""Labelled structures as text, made while workers work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from ase import Atoms

from eippot.eips.labels import write_label
from eippot.eips.source import EIPSource
from eippot.eips.table import LabelTable
from eippot.structures.extxyz_writer import format_extxyz

#: text of labelled structures that is kept in memory until it is written.
_MOST_BYTES_AHEAD: Final = 2**28


class LabelledTexts:
    """Structures with their labels, as text; as much as possible is made while workers work.

    Parameters
    ----------
    structures
        Get their labels.
    sources
        The EIPs.
    table
        The labels.
    """

    def __init__(
        self, structures: Sequence[Atoms], sources: Sequence[EIPSource], table: LabelTable
    ) -> None:
        self._structures = structures
        self._sources = sources
        self._table = table
        self._texts: dict[int, bytes] = {}
        self._n_bytes = 0

    def prepare(self, indices: Sequence[int]) -> None:
        """Format structures ahead, as far as memory is set apart for it."""
        if self._n_bytes < _MOST_BYTES_AHEAD:
            texts = list(format_extxyz(map(self._label, indices)))
            self._texts.update(zip(indices, texts, strict=True))
            self._n_bytes += sum(map(len, texts))

    def texts(self) -> Iterator[bytes]:
        """Text of every structure, in order."""
        indices = range(len(self._structures))
        for is_prepared, some in groupby(indices, self._texts.__contains__):
            if is_prepared:
                yield from map(self._texts.__getitem__, some)
            else:
                yield from format_extxyz(map(self._label, some))

    def _label(self, index: int) -> Atoms:
        atoms = self._structures[index]
        for source, outcome in zip(self._sources, self._table.outcomes(index), strict=True):
            write_label(atoms, source.name, source.text, outcome)
        return atoms
