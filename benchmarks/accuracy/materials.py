"""Crystals of the data sets, and what a potential says of them: lattice, elasticity, vacancy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from ase.units import GPa
from matscipy.elasticity import fit_elastic_constants

#: of relaxations [eV/Å], and how many steps they may take.
_FORCE: Final = 0.005
_STEPS: Final = 500


@dataclass(frozen=True)
class Material:
    """A crystal.

    Attributes
    ----------
    unit
        Its cubic cell.
    repeats
        Copies of it along each edge, of which vacancies and molecular dynamics are made.
    melting
        Melting point [K].
    measured
        Experiments: lattice constant [Å], elastic constants [GPa], formation energy of a vacancy
        [eV]. Elastic constants near 0 K are of G. Simmons and H. Wang, Single Crystal Elastic
        Constants (MIT Press 1971), those of Si at 298 K of J. J. Hall, Phys. Rev. 161, 756 (1967);
        vacancies in metals of H. Ullmaier (ed.), Landolt-Börnstein III/25 (1991), in Si of
        S. Dannefaer et al., Phys. Rev. Lett. 56, 2195 (1986).
    """

    unit: Callable[[], Atoms]
    repeats: int
    melting: float
    measured: dict[str, float]


def _alloy() -> Atoms:
    """Silver and palladium, half of each, at random."""
    atoms = bulk("Ag", "fcc", a=3.98, cubic=True).repeat(3)
    random = np.random.default_rng(0)
    atoms.symbols[random.permutation(len(atoms))[: len(atoms) // 2]] = "Pd"
    return atoms


_SILICON: Final = Material(
    lambda: bulk("Si", cubic=True),
    2,
    1687.0,
    {"a": 5.431, "C11": 165.6, "C12": 63.9, "C44": 79.5, "vacancy": 3.6},
)
#: by data set; the alloy's melting point is the mean of its elements'.
MATERIALS: Final = {
    "silicon": _SILICON,
    "Si_PyXtal": _SILICON,
    "Cu_ACE": Material(
        lambda: bulk("Cu", cubic=True),
        3,
        1358.0,
        {"a": 3.615, "C11": 176.2, "C12": 124.9, "C44": 81.8, "vacancy": 1.28},
    ),
    "W_FitSNAP": Material(
        lambda: bulk("W", cubic=True),
        4,
        3695.0,
        {"a": 3.165, "C11": 532.6, "C12": 205.0, "C44": 163.1, "vacancy": 3.67},
    ),
    "AgPd": Material(_alloy, 1, 1531.0, {}),
}


def predicted(material: Material, calculator: Calculator) -> dict[str, float]:
    """What a potential says of the quantities that were measured; NaN where it cannot."""
    if not material.measured:
        return {}
    unit = _relaxed(material.unit(), calculator, with_cell=True)
    volume = unit.get_volume()
    found = {"a": float(volume ** (1 / 3))}
    constants, _ = fit_elastic_constants(
        unit, "cubic", delta=0.004, optimizer=FIRE, verbose=False, graphics=False, steps=_STEPS
    )
    elastic = {"C11": constants[0, 0], "C12": constants[0, 1], "C44": constants[3, 3]}
    found |= {name: float(value / GPa) for name, value in elastic.items()}
    crystal = unit.repeat(material.repeats)
    energy = _energy(crystal, calculator)
    n_atoms = len(crystal)
    del crystal[0]
    crystal.rattle(0.02, seed=0)  # a vacancy may be less symmetric than its lattice
    vacancy = _energy(_relaxed(crystal, calculator), calculator)
    return found | {"vacancy": vacancy - energy * (n_atoms - 1) / n_atoms}


def _relaxed(atoms: Atoms, calculator: Calculator, with_cell: bool = False) -> Atoms:
    atoms.calc = calculator
    moved = FrechetCellFilter(atoms) if with_cell else atoms
    FIRE(moved, logfile=None).run(fmax=_FORCE, steps=_STEPS)
    return atoms


def _energy(atoms: Atoms, calculator: Calculator) -> float:
    atoms.calc = calculator
    return float(atoms.get_potential_energy())
