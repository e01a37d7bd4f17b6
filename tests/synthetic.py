"""A small labelled set with known answers: pair potentials play DFT and the EIPs.

``twin`` is "DFT" with another zero of energy, so that its aligned labels are exact; ``far`` is
another potential altogether.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.calculators.morse import MorsePotential

from eippot.structures.io import write_structures
from eippot.testing.structures import cluster, periodic, small_cell

#: energy of the isolated atoms in "DFT", and how much lower they are in ``twin`` [eV].
ISOLATED: Final = {"C": -40.0, "Si": -100.0}
TWIN_OFFSET: Final = {"C": 3.0, "Si": -5.0}

#: where the EIPs come from.
SOURCES: Final = {
    "far": "ase:ase.calculators.lj.LennardJones?sigma=1.6&epsilon=3.0&rc=4.0&smooth=true",
    "twin": "ase:ase.calculators.morse.MorsePotential?epsilon=1.0&r0=2.2&rho0=3.0",
}

TINY_MODEL: Final = {
    "architecture": "schnet",
    "cutoff": 4.0,
    "channels": 8,
    "interactions": 2,
    "radial_functions": 8,
}


def labelled_structures(n_labelled: int = 24, n_unlabelled: int = 12) -> list[Atoms]:
    """Structures with labels of both EIPs; the first ones, and two isolated atoms, with DFT's."""
    structures = [_rattled(index) for index in range(n_labelled + n_unlabelled)]
    structures += [Atoms("C"), Atoms("Si")]
    for index, atoms in enumerate(structures):
        morse = _labels(atoms, MorsePotential(epsilon=1.0, r0=2.2, rho0=3.0, rcut1=3.5, rcut2=4.0))
        far = _labels(atoms, LennardJones(sigma=1.6, epsilon=3.0, rc=4.0, smooth=True))
        dft = morse["energy"] + _sum(atoms, ISOLATED)
        if index < n_labelled or len(atoms) == 1:
            _attach(atoms, "REF_", morse | {"energy": dft})
        _attach(atoms, "eip_twin_", morse | {"energy": dft - _sum(atoms, TWIN_OFFSET)})
        _attach(atoms, "eip_far_", far)
        atoms.info |= {f"eip_{name}_source": source for name, source in SOURCES.items()}
        atoms.info["true_energy"] = dft
    return structures


def write_labelled(path: Path, **sizes: int) -> Path:
    write_structures(path, labelled_structures(**sizes))
    return path


def training(**changes: object) -> dict[str, Any]:
    """A training that is over soon."""
    schedule = {"kind": "cosine", "rate": 5e-3, "warmup": 0.0}
    return {"epochs": 3, "batch_size": 6, "threads": 1, "ema_decay": 0.5, "schedule": schedule} | {
        **changes
    }


def _rattled(index: int) -> Atoms:
    atoms = (periodic, small_cell, cluster)[index % 3]()
    random = np.random.default_rng(index)
    scale = random.uniform(0.92, 1.08)
    atoms.set_cell(scale * atoms.cell.array)
    atoms.positions *= scale
    atoms.positions += 0.05 * random.standard_normal((len(atoms), 3))
    atoms.info["n"] = index
    atoms.info["config_type"] = ("crystal", "small", "cluster")[index % 3]
    return atoms


def _labels(atoms: Atoms, calculator: Any) -> dict[str, Any]:
    atoms = atoms.copy()
    atoms.calc = calculator
    found = {"energy": float(atoms.get_potential_energy()), "forces": atoms.get_forces()}
    return found | ({"stress": atoms.get_stress()} if atoms.pbc.all() else {})


def _attach(atoms: Atoms, prefix: str, labels: dict[str, Any]) -> None:
    for name, value in labels.items():
        store = atoms.arrays if name == "forces" else atoms.info
        store[prefix + name] = value


def _sum(atoms: Atoms, energies: dict[str, float]) -> float:
    return float(sum(energies[symbol] for symbol in atoms.get_chemical_symbols()))
