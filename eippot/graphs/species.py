"""Elements: which occur, and their indices in a model's list of species."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from eippot.errors import DataError
from eippot.structures.choosing import elements_of


def species_indices(atoms: Atoms, species: Sequence[str]) -> np.ndarray:
    """Index of every atom's element in ``species``, ``(n,)`` int64; DataError if one is absent."""
    known = {symbol: index for index, symbol in enumerate(species)}
    symbols = atoms.get_chemical_symbols()
    unknown = sorted(set(symbols) - set(known))
    if unknown:
        raise DataError(
            f"Expected only {', '.join(species)}, got {', '.join(unknown)} in a structure "
            f"({atoms.get_chemical_formula()}).",
            "A model knows the elements that it was trained on.",
        )
    return np.array([known[symbol] for symbol in symbols], dtype=np.int64)


def species_of(structures: Sequence[Atoms]) -> list[str]:
    """Chemical symbols that occur in a set of structures, by atomic number."""
    return [chemical_symbols[number] for number in elements_of(structures)]
