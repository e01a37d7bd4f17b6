"""Periodic structures in HDF5 files laid out as ANI-Al (Smith et al., Nat. Commun. 12, 1257, 2021).

Each group, at any depth, holds structures of the same atoms: ``species (n,)``,
``coordinates (k, n, 3)`` and ``cell (k, 3, 3)`` [Å], ``energy (k,)`` [eV] and ``force (k, n, 3)``
[eV/Å]; in the test set the last two are called ``energies`` and ``forces``. What else is there is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from eippot.errors import DataError, MissingDependencyError
from eippot.structures.frames import labelled_atoms

SUFFIXES: Final = (".h5", ".hdf5")
_ENERGY_NAMES: Final = ("energy", "energies")
_FORCES_NAMES: Final = ("force", "forces")


def read_ani(path: Path) -> list[Atoms]:
    """Structures of a file, group by group.

    Raises
    ------
    DataError
        The file has another layout, or arrays do not fit together.
    MissingDependencyError
        h5py is not installed.
    """
    h5py = _import_h5py()
    groups = []

    def collect(_: str, item: Any) -> None:  # noqa: ANN401 (h5py has no types)
        if isinstance(item, h5py.Group) and "coordinates" in item:
            groups.append(item)

    with h5py.File(path, "r") as file:
        file.visititems(collect)
        return [atoms for group in groups for atoms in _read_group(group, path)]


def _read_group(group: Any, path: Path) -> Iterator[Atoms]:  # noqa: ANN401 (h5py has no types)
    energy, forces = _find(group, _ENERGY_NAMES), _find(group, _FORCES_NAMES)
    if missing := [name for name in ("species", "cell") if name not in group]:
        raise DataError(
            f"Expected {', '.join(missing)} beside the coordinates in group {group.name} of "
            f"{path}, got {', '.join(group)}.",
            "What is read is the layout of ANI-Al; sets of molecules have other units.",
        )
    numbers = np.array([atomic_numbers[symbol] for symbol in group["species"].asstr()[()]])
    positions = np.asarray(group["coordinates"], dtype=np.float64)
    frames = zip(
        positions,
        np.asarray(group["cell"], dtype=np.float64),
        repeat(None, len(positions)) if energy is None else np.ravel(energy),
        repeat(None, len(positions)) if forces is None else np.asarray(forces, dtype=np.float64),
        strict=True,
    )
    for coordinates, cell, one_energy, one_forces in frames:
        yield labelled_atoms(numbers, coordinates, cell, one_energy, one_forces)


def _find(group: Any, names: tuple[str, ...]) -> Any:  # noqa: ANN401 (h5py has no types)
    return next((group[name] for name in names if name in group), None)


def _import_h5py() -> ModuleType:
    try:
        import h5py
    except ImportError as error:
        raise MissingDependencyError(
            f"HDF5 files need h5py, which cannot be imported ({error}).",
            "pip install 'eippot[hdf5]'",
        ) from None
    module: ModuleType = h5py
    return module
