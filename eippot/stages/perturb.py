"""perturb: structures for the unlabelled pool, whose labels by EIPs cost next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from ase import Atoms

from eippot.config.perturb import PerturbConfig
from eippot.structures.io import check_paths, open_structures, write_structures
from eippot.structures.perturbations import rattle, shortest_distance, strain

#: the smallest displacements are so much smaller than the largest.
_RANGE: Final = 12.0
#: so often a copy comes closer to its original, by three tenths each time.
_ATTEMPTS: Final = 30
#: info of a copy that stays.
_CONFIG_TYPE: Final = "config_type"


@dataclass(frozen=True)
class PerturbResult:
    """Outcome of perturb.

    Attributes
    ----------
    output
        Structure file.
    structures, copies
        How many were there, and how many were added.
    least_distance
        Of two atoms in a copy, by configuration [Å].
    """

    output: Path
    structures: int
    copies: int
    least_distance: float


def run(config: PerturbConfig) -> PerturbResult:
    """Write structures and perturbed copies of them, which have no labels.

    Each copy is strained and rattled, by amounts of its own: the bound of the strain components is
    drawn uniformly, the standard deviation of displacements uniformly on a logarithmic scale.
    Isolated atoms are not copied.

    Parameters
    ----------
    config
        Which structures, how many copies, and how far from them.

    Raises
    ------
    ConfigError
        The output is the input, in its folder, or neither extended XYZ nor a store.
    DataError
        The structures cannot be read, or the output cannot be written.
    """
    check_paths(config.input, config.output)
    structures = open_structures(config.input, config.keys)
    distances = np.array([shortest_distance(atoms) for atoms in structures])
    least = config.closest * float(distances[np.isfinite(distances)].min(initial=np.inf))
    n_copies = 0

    def copies() -> Iterator[Atoms]:
        nonlocal n_copies
        for copy in _copies(structures, least, config) if np.isfinite(least) else ():
            n_copies += 1
            yield copy

    write_structures(config.output, chain(structures, copies()))
    return PerturbResult(config.output, len(structures), n_copies, least)


def _copies(structures: Sequence[Atoms], least: float, config: PerturbConfig) -> Iterator[Atoms]:
    """All copies, in the order of the structures; a longer list of copies begins as a shorter."""
    for round_ in range(config.copies):
        for index, atoms in enumerate(structures):
            if len(atoms) == 1 and not atoms.pbc.any():
                continue
            yield _copy(atoms, least, config, np.random.default_rng([config.seed, round_, index]))


def _copy(atoms: Atoms, least: float, config: PerturbConfig, random: np.random.Generator) -> Atoms:
    """One copy, perturbed less and less until no two atoms are too close."""
    plain = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    if _CONFIG_TYPE in atoms.info:
        plain.info[_CONFIG_TYPE] = atoms.info[_CONFIG_TYPE]
    magnitude = config.strain * random.random()
    stdev = config.rattle * _RANGE ** (random.random() - 1.0)
    for _ in range(_ATTEMPTS):
        found = rattle(strain(plain, magnitude, random), stdev, random)
        if shortest_distance(found) >= least:
            return found
        magnitude, stdev = 0.7 * magnitude, 0.7 * stdev
    return plain
