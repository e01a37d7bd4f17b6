"""Weak labels that nobody has: what would be learnt if the DFT labels of the pool were known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from ase import Atoms

from benchmarks.accuracy.data import Division
from eippot.config.stages import AlignmentKind
from eippot.data.labels import aligned_labels, set_weak_label
from eippot.data.sources import NONE_CLASS, align_eips, eip_names, true_classes
from eippot.graphs.alignment import Alignment
from eippot.graphs.species import species_of
from eippot.properties import LABELS, reference_key
from eippot.structures.io import has_reference_energy, read_structures, write_structures

#: gives a pool structure its weak label: the structure, the same with DFT labels, aligned EIPs.
_Teller = Callable[[Atoms, Atoms, list[Alignment]], None]


def _true_best(atoms: Atoms, labelled: Atoms, alignments: list[Alignment]) -> None:
    """The EIP that is closest to DFT, whatever a classifier would choose."""
    (best,) = true_classes([labelled], alignments, np.inf)
    if best < len(alignments):
        set_weak_label(atoms, alignments[best].source, aligned_labels(atoms, alignments[best]))


def _reference(atoms: Atoms, labelled: Atoms, _: list[Alignment]) -> None:
    """DFT itself."""
    stores = {prop: labelled.arrays if prop.level == "atom" else labelled.info for prop in LABELS}
    labels = {
        prop: store[reference_key(prop)]
        for prop, store in stores.items()
        if reference_key(prop) in store
    }
    set_weak_label(atoms, NONE_CLASS, labels)


TELLERS: Final[dict[str, _Teller]] = {"true best EIP": _true_best, "DFT": _reference}


def reveal(division: Division, teller: str, alignment: AlignmentKind, output: Path) -> None:
    """Write the training structures with weak labels for those of the pool, not for copies."""
    training, pool = read_structures(division.training), read_structures(division.hidden)
    known = [atoms for atoms in training if has_reference_energy(atoms)]
    alignments = align_eips(known, eip_names(training), species_of(training), alignment)
    for atoms, labelled in zip(training[len(known) :], pool, strict=False):  # then copies
        TELLERS[teller](atoms, labelled, alignments)
    write_structures(output, training)
