"""Structures to test with, of every kind of cell and periodicity, made of Si and C.

Neighbors are about 2 Å apart: meant for cutoffs of 3 to 6 Å.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.build import bulk

#: the elements, in the order of their indices.
SPECIES: Final = ["C", "Si"]
#: energies of isolated atoms [eV].
REFERENCE_ENERGIES: Final = {"C": -40.0, "Si": -100.0}
#: fits the structures, and is the cutoff of small networks [Å].
CUTOFF: Final = 4.0


def periodic() -> Atoms:
    """Eight rattled atoms in a strained cubic cell."""
    atoms = bulk("Si", a=5.2, cubic=True)
    atoms.symbols = ["C" if i % 3 == 0 else "Si" for i in range(len(atoms))]
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + _noise(3, 0.03, seed=1)), scale_atoms=True)
    atoms.positions += _noise(8, 0.1, seed=2)
    return atoms


def crystal() -> Atoms:
    """A perfect crystal: edges along the axes, angles of 90° and 180°, forces of zero."""
    return bulk("SiC", "rocksalt", a=4.8)


def small_cell() -> Atoms:
    """Two atoms in a triclinic cell whose every edge is shorter than the cutoff."""
    atoms = bulk("Si", a=5.0)
    atoms.symbols = ["Si", "C"]
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + _noise(3, 0.05, seed=3)), scale_atoms=True)
    atoms.positions += _noise(2, 0.1, seed=4)
    return atoms


def compressed() -> Atoms:
    """Two atoms closer than any bond, and their images: the repulsion of nuclei is felt."""
    atoms = small_cell()
    atoms.set_cell(0.65 * atoms.cell.array, scale_atoms=True)
    return atoms


def one_atom_cell() -> Atoms:
    """One atom, whose neighbors are its own images."""
    return Atoms("Si", cell=[[2.3, 0.1, 0.0], [0.0, 2.5, 0.2], [0.3, 0.0, 2.8]], pbc=True)


def left_handed() -> Atoms:
    """Lattice vectors of negative determinant."""
    atoms = small_cell()
    atoms.set_cell(atoms.cell.array[[1, 0, 2]])
    return atoms


def slab() -> Atoms:
    """Open along z, periodic in the plane."""
    atoms = periodic()
    atoms.pbc = (True, True, False)
    return atoms


def wire() -> Atoms:
    """Periodic along y, without lattice vectors in the other directions."""
    atoms = cluster()
    atoms.set_cell([[0, 0, 0], [0.2, 3.1, 0], [0, 0, 0]])
    atoms.pbc = (False, True, False)
    return atoms


def cluster() -> Atoms:
    """Five atoms without a cell."""
    positions = [[0, 0, 0], [2.1, 0.2, 0], [0.3, 2.2, -0.4], [1.1, 1.0, 1.8], [3.4, 1.6, 1.5]]
    return Atoms("Si2CSiC", positions=positions)


def chain() -> Atoms:
    """Four atoms in a straight line along z, without a cell."""
    return Atoms("SiCSi2", positions=[[0, 0, z] for z in (0.0, 1.9, 3.9, 6.2)])


def dimer(distance: float) -> Atoms:
    """Two atoms at a distance [Å], without a cell."""
    return Atoms("SiC", positions=[[0, 0, 0], [distance, 0, 0]])


def isolated_atom(symbol: str = "Si") -> Atoms:
    """One atom without neighbors."""
    return Atoms(symbol)


#: by name, for what holds for every structure.
EVERY_KIND: Final = {
    f.__name__.replace("_", " "): f
    for f in (
        periodic,
        crystal,
        small_cell,
        compressed,
        one_atom_cell,
        left_handed,
        slab,
        wire,
        cluster,
        chain,
    )
}


def _noise(rows: int, size: float, seed: int) -> npt.NDArray[np.float64]:
    noise: npt.NDArray[np.float64] = size * np.random.default_rng(seed).standard_normal((rows, 3))
    return noise
