"""Structures with reference labels, out of arrays."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from ase import Atoms

from eippot.conventions import Array, stress_to_ase_voigt
from eippot.properties import ENERGY, FORCES, STRESS, reference_key


def labelled_atoms(
    numbers: npt.NDArray[Any],
    positions: Array,
    cell: Array | None,
    energy: float | None,
    forces: Array | None,
    virial: Array | None = None,
) -> Atoms:
    """One structure, with the reference labels that there are.

    Parameters
    ----------
    numbers
        Atomic numbers, shape ``(n,)``.
    positions
        Shape ``(n, 3)`` [Å].
    cell
        Shape ``(3, 3)`` [Å], periodic in all directions; None for a cluster.
    energy
        Total energy [eV].
    forces
        Shape ``(n, 3)`` [eV/Å].
    virial
        −V·stress, shape ``(3, 3)`` [eV]; left out of a cluster.
    """
    atoms = Atoms(numbers=numbers, positions=positions, cell=cell, pbc=cell is not None)
    if energy is not None:
        atoms.info[reference_key(ENERGY)] = float(energy)
    if forces is not None:
        atoms.arrays[reference_key(FORCES)] = forces
    if virial is not None and cell is not None:
        atoms.info[reference_key(STRESS)] = stress_to_ase_voigt(-virial / atoms.get_volume())
    return atoms
