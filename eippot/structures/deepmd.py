"""Systems of DeePMD-kit: a folder of types, and sets of frames as NumPy arrays.

``type.raw`` has the type of each atom, ``type_map.raw`` the element of each type, a file ``nopbc``
says that nothing is periodic, and ``set.*/{coord,box,energy,force,virial}.npy`` have one row for
each frame, in Å and eV; the virial has the sign of :mod:`eippot.conventions`. See
https://docs.deepmodeling.com/projects/deepmd/en/stable/data/system.html. In a system of mixed
types, as dpdata writes it, ``set.*/real_atom_types.npy`` has the types of each frame, −1 for no
atom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.data import atomic_numbers

from eippot.conventions import Array
from eippot.errors import DataError
from eippot.structures.frames import labelled_atoms

#: what makes a folder a system.
TYPES_FILE: Final = "type.raw"
_ELEMENTS_FILE: Final = "type_map.raw"


def read_system(folder: Path) -> list[Atoms]:
    """Structures of a system, in the order of its sets.

    Raises
    ------
    DataError
        A file or an element is missing, or arrays do not fit together.
    """
    numbers_of_types = _read_elements(folder / _ELEMENTS_FILE)
    types = np.loadtxt(folder / TYPES_FILE, dtype=int, ndmin=1).ravel()
    sets = sorted(path for path in folder.glob("set.*") if path.is_dir())
    if not sets:
        raise DataError(
            f"Expected sets of frames (`set.000`, …) in {folder}, got none.",
            "Frames as text (`coord.raw`) are turned into arrays by dpdata: `deepmd/npy`.",
        )
    is_periodic = not (folder / "nopbc").exists()
    return [
        atoms for path in sets for atoms in _read_set(path, types, numbers_of_types, is_periodic)
    ]


def _read_elements(path: Path) -> npt.NDArray[np.int64]:
    """Atomic number of each type."""
    if not path.is_file():
        raise DataError(
            f"Expected the elements of types in {path}, found no such file.",
            "Write one chemical symbol for each type, in order, one on each line.",
        )
    symbols = path.read_text().split()
    if unknown := [symbol for symbol in symbols if symbol not in atomic_numbers]:
        raise DataError(f"Expected chemical symbols in {path}, got {', '.join(unknown)}.")
    return np.array([atomic_numbers[symbol] for symbol in symbols])


def _read_set(
    folder: Path,
    types: npt.NDArray[np.int64],
    numbers_of_types: npt.NDArray[np.int64],
    is_periodic: bool,
) -> Iterator[Atoms]:
    n_atoms = len(types)
    positions = _require(folder, "coord", (n_atoms, 3))
    n_frames = len(positions)
    cells = _require(folder, "box", (3, 3), n_frames) if is_periodic else repeat(None, n_frames)
    frames = zip(
        positions,
        cells,
        _find(folder, "real_atom_types", (n_atoms,), n_frames),
        _find(folder, "energy", (), n_frames),
        _find(folder, "force", (n_atoms, 3), n_frames),
        _find(folder, "virial", (3, 3), n_frames),
        strict=True,
    )
    for coordinates, cell, own_types, energy, forces, virial in frames:
        here = types if own_types is None else own_types.astype(int)
        is_atom = here >= 0
        yield labelled_atoms(
            numbers_of_types[here[is_atom]],
            coordinates[is_atom],
            cell,
            energy,
            None if forces is None else forces[is_atom],
            virial,
        )


def _require(folder: Path, name: str, shape: tuple[int, ...], n_frames: int | None = None) -> Array:
    array = _load(folder, name, shape, n_frames)
    if array is None:
        raise DataError(f"Expected an array {name}.npy in {folder}, found none.")
    return array


def _find(
    folder: Path, name: str, shape: tuple[int, ...], n_frames: int
) -> Iterable[Any]:  # rows, or so many None
    array = _load(folder, name, shape, n_frames)
    return repeat(None, n_frames) if array is None else array


def _load(folder: Path, name: str, shape: tuple[int, ...], n_frames: int | None) -> Array | None:
    """An array of a set as ``(frames, *shape)``; None where there is none."""
    path = folder / f"{name}.npy"
    if not path.is_file():
        return None
    array = np.load(path)
    size = int(np.prod(shape, dtype=int))
    found = array.size // size
    if array.size != found * size or found != (n_frames or found):
        raise DataError(
            f"Expected {size} numbers for each of {n_frames or 'its'} frames in {path}, got an "
            f"array of shape {array.shape}."
        )
    return np.asarray(array, dtype=np.float64).reshape(found, *shape)
