"""Reference energies: the energy of each element's isolated atom, which a model adds back."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms

from eippot.errors import DataError
from eippot.properties import ENERGY, reference_key
from eippot.structures.choosing import energies_under, where
from eippot.structures.io import energy_of

logger = logging.getLogger(__name__)

#: above this distance between energy and reference [eV/atom] something is probably wrong.
SUSPICIOUS_ENERGY_PER_ATOM = 20.0


def composition(structures: Sequence[Atoms], species: Sequence[str]) -> np.ndarray:
    """How many atoms of each species every structure has: ``(structures, species)``."""
    counts = np.zeros((len(structures), len(species)))
    for row, atoms in zip(counts, structures, strict=True):
        found = atoms.get_chemical_symbols()
        row[:] = [found.count(symbol) for symbol in species]
    return counts


def fit_reference_energies(
    structures: Sequence[Atoms], species: Sequence[str], given: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Reference energy of each species [eV].

    Taken, in this order, from ``given``, from structures that are a single isolated atom, and
    otherwise from a least-squares fit of the DFT energies by composition.

    Parameters
    ----------
    structures
        DFT-labelled structures (of the training split).
    species
        Chemical symbols.
    given
        Reference energies by symbol that win over everything else [eV].

    Raises
    ------
    DataError
        The compositions do not determine the missing reference energies.
    """
    references = {**_isolated_atoms(structures), **(given or {})}
    missing = [symbol for symbol in species if symbol not in references]
    if missing:
        references |= _least_squares(structures, species, references, missing)
        logger.info(
            "No isolated atom of %s is labelled: fitted its reference energy.", ", ".join(missing)
        )
    references = {symbol: float(references[symbol]) for symbol in species}
    _warn_if_suspicious(structures, references)
    return references


def reference_energy(atoms: Atoms, references: Mapping[str, float]) -> float:
    """Sum of the reference energies of a structure's atoms [eV]."""
    return float(sum(references[symbol] for symbol in atoms.get_chemical_symbols()))


def sizes_of(structures: Sequence[Atoms]) -> np.ndarray:
    """Numbers of atoms ``(structures,)``."""
    return np.array([len(atoms) for atoms in structures])


def above_isolated_atoms(
    energies: np.ndarray, structures: Sequence[Atoms], references: Mapping[str, float]
) -> np.ndarray:
    """Energies ``(n,)`` or ``(n, P)`` [eV] of n structures above isolated atoms [eV/atom]."""
    zero = np.array([reference_energy(atoms, references) for atoms in structures])
    sizes = sizes_of(structures)
    above: np.ndarray = ((energies.T - zero) / sizes).T
    return above


def _isolated_atoms(structures: Sequence[Atoms]) -> dict[str, float]:
    found = {}
    for atoms in structures:
        energy = energy_of(atoms, reference_key(ENERGY))
        if len(atoms) == 1 and not atoms.pbc.any() and energy is not None:
            found[atoms.get_chemical_symbols()[0]] = energy
    return found


def _least_squares(
    structures: Sequence[Atoms],
    species: Sequence[str],
    known: Mapping[str, float],
    missing: Sequence[str],
) -> dict[str, float]:
    found = energies_under(structures, reference_key(ENERGY))
    labelled, energies = where(structures, np.isfinite(found)), found[np.isfinite(found)]
    counts = composition(labelled, species)
    energies -= counts @ np.array([known.get(symbol, 0.0) for symbol in species])
    columns = counts[:, [list(species).index(symbol) for symbol in missing]]
    sizes = counts.sum(axis=1)[:, None]
    solution, _, rank, _ = np.linalg.lstsq(columns / sizes, energies / sizes[:, 0], rcond=None)
    if rank < len(missing):
        raise DataError(
            f"Expected structures whose compositions determine the reference energies of "
            f"{', '.join(missing)}, got {len(labelled)} labelled structures of rank {rank}.",
            "Add a labelled isolated atom of each element, or give `reference_energies`.",
        )
    return dict(zip(missing, solution, strict=True))


def _warn_if_suspicious(structures: Sequence[Atoms], references: Mapping[str, float]) -> None:
    for atoms in structures:
        energy = energy_of(atoms, reference_key(ENERGY))
        if energy is None:
            continue
        excess = (energy - reference_energy(atoms, references)) / len(atoms)
        if abs(excess) > SUSPICIOUS_ENERGY_PER_ATOM:
            logger.warning(
                "A structure (%s) lies %.1f eV/atom from its reference energies: do the energies "
                "and the reference energies come from the same kind of calculation?",
                atoms.get_chemical_formula(),
                excess,
            )
            return
