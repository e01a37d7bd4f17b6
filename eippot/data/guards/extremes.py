"""Energies that no other is near, and atoms that are closer than nuclei come in a solid."""

from __future__ import annotations

from typing import Final

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from eippot.data.guards.findings import Finding, count, name_some
from eippot.data.guards.labelled import Bools, Floats, LabelledSet
from eippot.errors import DataError
from eippot.graphs.alignment import fit_alignment
from eippot.graphs.neighbors import neighbor_list
from eippot.properties import ENERGY, reference_key

#: deviations that nothing explains: energies from every aligned EIP [eV/atom], and medians from
#: the best one. Right labels on five sets have up to 0.63 eV/atom, with 16 medians.
_ENERGY_FROM_EIPS: Final = 1.0
_MEDIANS_FROM_EIPS: Final = 20.0
#: without EIPs, from the mean of the composition: clusters among crystals are 27 medians off, and
#: an atom of tungsten without any neighbor 8.5 eV.
_MEDIANS: Final = 50.0
_ENERGY: Final = 10.0
#: distance beside the sum of covalent radii; DFT of compressed metals goes down to 0.59.
_CLOSEST: Final = 0.5

_KEY: Final = f"`{reference_key(ENERGY)}`"


def check_energies(labelled: LabelledSet) -> list[Finding]:
    """Look for energies far from all others."""
    relative = np.abs(labelled.relative(labelled.dft.energies))
    off = (relative > _ENERGY) & (relative > _MEDIANS * _median(relative))
    deviations, unlike = _beside_eips(labelled)
    seen = np.isfinite(deviations)
    off = np.where(seen, unlike, off) & ~_isolated(labelled)
    if not off.any():
        return []
    shown = np.where(seen, deviations, relative)
    text = (
        f"{_KEY} of {count(int(off.sum()))} is {shown[off].min():.2g} to {shown[off].max():.3g} "
        f"eV/atom from {_what(seen[off])} ({name_some(labelled, off)}), others typically "
        f"{_median(shown[~off]):.2g}. Did DFT converge, and is it the energy of this structure? "
        "Leave out what is not right."
    )
    return [Finding("energies far off", text)]


def check_distances(labelled: LabelledSet) -> list[Finding]:
    """Look for atoms that are too close to one another."""
    nearest = np.array(list(map(_nearest, labelled.structures)), dtype=np.float64)
    close = nearest < _CLOSEST
    if not close.any():
        return []
    text = (
        f"Atoms are closer than {_CLOSEST} times the sum of their covalent radii in "
        f"{count(int(close.sum()))}, down to {nearest.min():.2g} times "
        f"({name_some(labelled, close)}). Are positions and cell in Å, and is no atom there twice?"
    )
    return [Finding("close atoms", text)]


def _beside_eips(labelled: LabelledSet) -> tuple[Floats, Bools]:
    """Deviations ``(k,)`` [eV/atom] from the EIP that is nearest, and which no EIP explains.

    NaN where no EIP has a label.
    """
    counts = labelled.fractions * labelled.n_atoms[:, None]
    species = [str(index) for index in range(counts.shape[1])]
    nearest = np.full(len(labelled), np.inf)
    usual, of_best = np.inf, nearest
    for name, said in labelled.eips.items():
        try:
            fit = fit_alignment(
                name, "affine", species, said.energies, labelled.dft.energies, counts
            )
        except DataError:  # too few labels to know the scale of this EIP
            continue
        aligned = fit.slope * said.energies + counts @ np.array(fit.offsets)
        deviations = np.abs(labelled.dft.energies - aligned) / labelled.n_atoms
        nearest = np.fmin(nearest, deviations)
        if _median(deviations) < usual:
            usual, of_best = _median(deviations), deviations
    nearest[~np.isfinite(nearest)] = np.nan
    return nearest, (nearest > _ENERGY_FROM_EIPS) & (of_best > _MEDIANS_FROM_EIPS * usual)


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0


def _what(seen: Bools) -> str:
    return "what every EIP says" if seen.all() else "what the composition says"


def _isolated(labelled: LabelledSet) -> Bools:
    isolated: Bools = (labelled.n_atoms == 1) & ~labelled.pbc.any(axis=1)
    return isolated


def _nearest(atoms: Atoms) -> float:
    """Shortest distance beside the sum of covalent radii; infinite where none is suspicious."""
    radii = covalent_radii[atoms.numbers]
    found = neighbor_list(atoms, 2.0 * _CLOSEST * float(radii.max()))
    if not found.edge_index.size:
        return np.inf
    distances = np.linalg.norm(found.edge_vectors, axis=1)
    return float((distances / radii[found.edge_index].sum(axis=0)).min())
