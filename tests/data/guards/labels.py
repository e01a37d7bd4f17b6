"""DFT labels to spoil: pair potentials play DFT and the EIPs, as in :mod:`tests.synthetic`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from ase import Atoms
from ase.build import bulk

from eippot.data.guards.check import check_labels
from tests.synthetic import labelled_structures

Change = Callable[[np.ndarray], np.ndarray]


def structures(count: int = 45) -> list[Atoms]:
    """Crystals, small cells and clusters with labels of DFT, of its twin and of another EIP."""
    return [atoms.copy() for atoms in _made(count)]


@cache
def _made(count: int) -> list[Atoms]:
    return labelled_structures(n_labelled=count, n_unlabelled=3)


def without_eips(some: Sequence[Atoms]) -> list[Atoms]:
    """The same structures with DFT labels alone."""
    bare = [atoms.copy() for atoms in some]
    for store in (store for atoms in bare for store in (atoms.info, atoms.arrays)):
        for key in [key for key in store if key.startswith("eip_")]:
            del store[key]
    return bare


def change(some: Sequence[Atoms], key: str, how: Change) -> None:
    """Change a label wherever there is one."""
    for store in (store for atoms in some for store in (atoms.info, atoms.arrays)):
        if key in store:
            store[key] = how(np.asarray(store[key]))


def scale(some: Sequence[Atoms], key: str, factor: float) -> None:
    """Change the unit of a label, or its sign."""
    change(some, key, lambda label: factor * label)


def warnings(some: Sequence[Atoms]) -> dict[str, str]:
    """What the guards say, by kind: at most once of each."""
    found = check_labels(some)
    assert len({finding.kind for finding in found}) == len(found)
    return {finding.kind: finding.text for finding in found}


def strained_crystals() -> list[Atoms]:
    """Copies of a crystal that differ in their cell, labelled by a calculator alone."""
    from ase.calculators.morse import MorsePotential

    random = np.random.default_rng(0)
    made = []
    for size in np.linspace(0.95, 1.05, 15):
        atoms = bulk("Si", a=5.2, cubic=True)
        strain = 0.005 * random.standard_normal((3, 3))
        atoms.set_cell(size * atoms.cell.array @ (np.eye(3) + strain + strain.T), scale_atoms=True)
        atoms.calc = MorsePotential(epsilon=1.0, r0=2.2, rho0=3.0, rcut1=3.5, rcut2=4.0)
        atoms.info["REF_energy"] = float(atoms.get_potential_energy())
        atoms.info["REF_stress"] = atoms.get_stress()
        atoms.arrays["REF_forces"] = atoms.get_forces()
        atoms.calc = None
        made.append(atoms)
    return made
