"""Structures with DFT labels, and what DFT and the EIPs say of them, as arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eippot.errors import DataError
from eippot.properties import ENERGY, FORCES, STRESS, Property, eip_key, reference_key
from eippot.structures.choosing import chosen, have, spread
from eippot.structures.io import energy_of, forces_of, stress_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Value = TypeVar("Value")
KeyOf = Callable[[Property], str]

#: so many structures of a store are enough to see what is usually wrong.
MOST_OF_STORE: Final = 20_000
_ENERGY_KEY: Final = re.compile(re.escape(eip_key("@", ENERGY.name)).replace("@", "(.+)"))


@dataclass(frozen=True)
class Said:
    """What one source says of k structures with n atoms together; NaN where it says nothing.

    Attributes
    ----------
    energies
        ``(k,)`` [eV].
    forces
        ``(n, 3)`` [eV/Å].
    stress
        ``(k, 3, 3)`` [eV/Å³].
    """

    energies: Floats
    forces: Floats
    stress: Floats


class LabelledSet:
    """Structures with at least one DFT label, behind one another.

    Parameters
    ----------
    structures
        Structures of a file; those without any label of DFT are left out. Of a store that has
        more, ``MOST_OF_STORE`` are taken, evenly spread.

    Attributes
    ----------
    structures
        The k labelled ones.
    indices
        ``(k,)`` where they are in the file.
    n_atoms
        ``(k,)``.
    starts
        ``(k,)`` index of the first atom of each.
    dft
        Their labels.
    """

    def __init__(self, structures: Sequence[Atoms]) -> None:
        keys = [reference_key(prop) for prop in (ENERGY, FORCES, STRESS)]
        kept = np.flatnonzero(np.any([have(structures, key) for key in keys], axis=0))
        if not isinstance(structures, list):
            kept = spread(kept, MOST_OF_STORE)
        self.structures = list(chosen(structures, kept))
        self.indices = kept
        self.n_atoms = np.array([len(atoms) for atoms in self.structures], dtype=np.int64)
        self.starts = np.cumsum(self.n_atoms) - self.n_atoms
        self.dft = self._read(reference_key)

    def __len__(self) -> int:
        """Number of labelled structures."""
        return len(self.structures)

    @cached_property
    def eips(self) -> dict[str, Said]:
        """What each EIP says, by its name; the labels may be those of some structures only."""
        names = {
            match[1]
            for atoms in self.structures
            for key in atoms.info
            if (match := _ENERGY_KEY.fullmatch(key))
        }
        return {
            name: self._read(lambda prop, name=name: eip_key(name, prop.name))  # type: ignore[misc]
            for name in sorted(names)
        }

    @cached_property
    def numbers(self) -> Ints:
        """Atomic numbers ``(n,)``."""
        return np.concatenate([atoms.numbers for atoms in self.structures]).astype(np.int64)

    @cached_property
    def owner(self) -> Ints:
        """Which structure each atom belongs to ``(n,)``."""
        return np.repeat(np.arange(len(self)), self.n_atoms)

    @cached_property
    def pbc(self) -> Bools:
        """Directions that are periodic ``(k, 3)``."""
        return np.array([atoms.pbc for atoms in self.structures]).reshape(len(self), 3)

    @cached_property
    def cells(self) -> Floats:
        """Lattice vectors ``(k, 3, 3)`` [Å]."""
        return np.array([atoms.cell.array for atoms in self.structures]).reshape(len(self), 3, 3)

    @cached_property
    def volumes(self) -> Floats:
        """Volumes ``(k,)`` [Å³]; NaN where not all directions are periodic."""
        found = np.abs(np.linalg.det(self.cells))
        return np.where(self.pbc.all(axis=1), found, np.nan)

    @cached_property
    def fractions(self) -> Floats:
        """Share of each species in each structure ``(k, S)``."""
        species, which = np.unique(self.numbers, return_inverse=True)
        counts = np.zeros((len(self), len(species)))
        np.add.at(counts, (self.owner, which.ravel()), 1.0)
        return counts / self.n_atoms[:, None]

    def relative(self, energies: Floats) -> Floats:
        """Energies ``(k,)`` [eV] per atom, without what the composition says [eV/atom]."""
        per_atom = energies / self.n_atoms
        known = np.isfinite(per_atom)
        if not known.any():
            return per_atom
        solution = np.linalg.lstsq(self.fractions[known], per_atom[known], rcond=None)[0]
        above: Floats = per_atom - self.fractions @ solution
        return above - np.median(above[known])

    def largest(self, per_atom: Floats) -> Floats:
        """Largest value ``(k,)`` of the atoms of each structure, of values ``(n,)``."""
        found: Floats = np.maximum.reduceat(per_atom, self.starts)
        return found

    def _read(self, key_of: KeyOf) -> Said:
        energy, forces, stress = (key_of(prop) for prop in (ENERGY, FORCES, STRESS))
        nothing = np.full((3, 3), np.nan)
        said = [
            (
                _usable(energy_of, atoms, energy, np.nan),
                _usable(forces_of, atoms, forces, np.full((len(atoms), 3), np.nan)),
                _usable(stress_of, atoms, stress, nothing),
            )
            for atoms in self.structures
        ]
        if not said:
            return Said(np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3, 3)))
        energies, all_forces, all_stress = zip(*said, strict=True)
        return Said(np.array(energies), np.concatenate(all_forces), np.array(all_stress))


def _usable(
    read: Callable[[Atoms, str], Value | None], atoms: Atoms, key: str, otherwise: Value
) -> Value:
    """A label; what else is to be taken where there is none, or none that can be read."""
    try:
        found = read(atoms, key)
    except DataError:  # whoever learns from it says so
        return otherwise
    return otherwise if found is None else found
