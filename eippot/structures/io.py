"""Reading and writing structures; every label they carry ends up under a name of its own."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from ase import Atoms

from eippot.conventions import stress_from_ase_voigt
from eippot.errors import ConfigError, DataError, EippotError
from eippot.properties import ENERGY, LabelName, reference_key
from eippot.structures.adoption import adopt_labels
from eippot.structures.ani import SUFFIXES as HDF5_SUFFIXES
from eippot.structures.ani import read_ani
from eippot.structures.compression import COMPRESSED, open_file, read_file
from eippot.structures.deepmd import TYPES_FILE, read_system
from eippot.structures.extxyz_by_ase import read_by_ase
from eippot.structures.extxyz_reader import read_extxyz
from eippot.structures.extxyz_writer import format_extxyz

logger = logging.getLogger(__name__)

#: which file or system of a folder a structure is from, with the name of the folder.
ORIGIN: Final = "origin"
#: periodicity as KLIFF writes it.
_KLIFF_PBC: Final = "PBC"
#: what conversions of anything else raise.
_NO_NUMBER: Final = (TypeError, ValueError, OverflowError)


def read_structures(path: Path, keys: Mapping[LabelName, str] | None = None) -> list[Atoms]:
    """Read every structure of a file or a folder.

    DFT labels end up under ``REF_energy``, ``REF_forces`` and ``REF_stress``. Where there are none,
    they are looked for under the names of :mod:`eippot.structures.adoption`, those of ASE's
    calculators first, and what was taken is logged. Forces are taken without applying constraints.

    Parameters
    ----------
    path
        Any format that ASE reads, where extended XYZ may be compressed (``.xz``, ``.gz``,
        ``.bz2``); HDF5 in the layout of :mod:`eippot.structures.ani`; a system of DeePMD-kit
        (:mod:`eippot.structures.deepmd`); a folder that holds any number of systems, extended XYZ
        and HDF5 files at any depth. They are read in the order of their names, and ``origin`` of
        each structure says which one it is from.
    keys
        Names of DFT labels, where they are not to be found out (see adopt_labels).

    Raises
    ------
    DataError
        The file is missing, unreadable or empty, a structure has no atoms or positions that are not
        finite, or it is not clear which labels are DFT's.
    MissingDependencyError
        h5py is needed and not installed.
    """
    structures = _read(path)
    if not structures:
        raise DataError(f"{path} holds no structure.")
    _check_all(structures, path)
    taken = adopt_labels(structures, keys or {})
    if taken:
        logger.warning("Taken as DFT labels of %s: %s.", path, taken)
    return structures


def check_paths(source: Path, output: Path) -> None:
    """Refuse to write what is read, or anything but extended XYZ, by a ConfigError."""
    if output.resolve() == source.resolve():
        raise ConfigError(f"The output is the input: {source}.", "Name another output file.")
    if source.is_dir() and source.resolve() in output.resolve().parents:
        raise ConfigError(
            f"The output {output} is in the folder of the input, which is read as a whole.",
            "Name an output outside of it.",
        )
    names = output.name.removesuffix(".gz").removesuffix(".xz")
    if not names.endswith((".extxyz", ".xyz")):
        raise ConfigError(
            f"Expected an output that ends in .extxyz (or .extxyz.xz, .extxyz.gz), got {output}."
        )


def write_structures(path: Path, structures: Iterable[Atoms]) -> None:
    """Write structures as extended XYZ, atomically: the file is complete or not there.

    Parameters
    ----------
    path
        Target; a suffix ``.xz``, ``.gz`` or ``.bz2`` compresses.
    structures
        ``info`` and ``arrays`` are written; results of attached calculators are not.

    Raises
    ------
    DataError
        There can be no file of this name.
    """
    write_texts(path, format_extxyz(structures))


def write_texts(path: Path, texts: Iterable[bytes]) -> None:
    """Write a file as :func:`write_structures` does, of pieces that are formatted already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DataError(f"Cannot write {path}: {error}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        with open_file(temporary, "wb", path.suffix) as file:
            file.writelines(texts)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def energy_of(atoms: Atoms, key: str) -> float | None:
    """Energy label [eV] under ``key``, None where there is none or it is not finite."""
    value = atoms.info.get(key)
    if value is None:
        return None
    try:
        energy = float(value)
    except _NO_NUMBER:
        raise DataError(f"`{key}` should be a number, got {value!r}.") from None
    return energy if np.isfinite(energy) else None


def forces_of(atoms: Atoms, key: str) -> np.ndarray | None:
    """Forces label ``(n, 3)`` [eV/Å] under ``key``, None where it is missing or not finite."""
    value = atoms.arrays.get(key)
    if value is None:
        return None
    if value.shape != (len(atoms), 3) or value.dtype.kind not in "iuf":
        raise DataError(
            f"`{key}` should hold numbers of shape {(len(atoms), 3)}, got {value.dtype} of shape "
            f"{value.shape}."
        )
    return np.asarray(value, dtype=float) if np.isfinite(value).all() else None


def stress_of(atoms: Atoms, key: str) -> np.ndarray | None:
    """Stress label ``(3, 3)`` [eV/Å³] under ``key``, None where it is missing or not finite.

    Accepts six components in ASE's order or nine; three-dimensional periodicity is required,
    since stress has no meaning without a volume.
    """
    value = atoms.info.get(key)
    if value is None or not atoms.pbc.all():
        return None
    try:
        value = np.asarray(value, dtype=float)
    except _NO_NUMBER:
        raise DataError(f"`{key}` should hold numbers, got {value!r}.") from None
    if not np.isfinite(value).all():
        return None
    if value.size == 6:
        return stress_from_ase_voigt(value.reshape(6))
    if value.size == 9:
        return value.reshape(3, 3)
    raise DataError(f"`{key}` should have 6 (ASE order) or 9 components, got {value.size}.")


def _read(path: Path) -> list[Atoms]:
    if not path.is_dir() or _is_system(path):
        return _read_one(path)
    structures = []
    for source in _sources(path):
        found = _read_one(source)
        origin = Path(path.resolve().name) / source.relative_to(path)
        for atoms in found:
            atoms.info[ORIGIN] = origin.as_posix()
        structures += found
    return structures


def _sources(folder: Path) -> list[Path]:
    """Files and systems below a folder that hold structures."""
    return sorted(
        path
        for path in folder.rglob("*")
        if (_is_system(path) if path.is_dir() else _is_extxyz(path) or _is_hdf5(path))
    )


def _read_one(path: Path) -> list[Atoms]:
    if not path.exists():
        raise DataError(f"No structure file at {path}.")
    try:
        return _parse(path)
    except EippotError:
        raise
    except Exception as error:  # ASE's readers raise whatever the format's parser raises
        raise DataError(
            f"{path} cannot be read as a structure file: {type(error).__name__}: {error}",
            "Extended XYZ (.extxyz) is the safest format; check the line that is named, if any.",
        ) from error


def _parse(path: Path) -> list[Atoms]:
    if path.is_dir():
        return read_system(path)
    if _is_hdf5(path):
        return read_ani(path)
    if not _is_extxyz(path):
        return _read_other(path)
    content = read_file(path)
    structures = read_extxyz(content)
    if structures is None:
        structures = read_by_ase(content)
    for atoms in structures:
        if _KLIFF_PBC in atoms.info:
            atoms.pbc = atoms.info.pop(_KLIFF_PBC)
    return structures


def _is_system(path: Path) -> bool:
    return (path / TYPES_FILE).is_file()


def _is_hdf5(path: Path) -> bool:
    return path.suffix in HDF5_SUFFIXES


def _is_extxyz(path: Path) -> bool:
    names = [suffix for suffix in path.suffixes if suffix not in COMPRESSED]
    return bool(names) and names[-1] in (".extxyz", ".xyz")


def _read_other(path: Path) -> list[Atoms]:
    from ase.io import read  # takes as long as all else at the start

    structures = read(path, index=":")
    return structures if isinstance(structures, list) else [structures]


def _check_all(structures: Sequence[Atoms], path: Path) -> None:
    pbc = np.array([atoms.pbc for atoms in structures])  # (k, 3)
    cells = np.array([atoms.cell.array for atoms in structures])  # (k, 3, 3)
    sound = np.isfinite(cells).all(axis=(1, 2))
    periodic = np.where(pbc[:, :, None], cells, 0.0)
    sound[sound] = np.linalg.matrix_rank(periodic[sound]) == pbc[sound].sum(axis=1)
    sound &= [len(atoms) > 0 for atoms in structures]
    if not np.isfinite(np.concatenate([atoms.positions for atoms in structures])).all():
        sound &= [np.isfinite(atoms.positions).all() for atoms in structures]
    for index in np.flatnonzero(~sound)[:1].tolist():
        _complain(structures[index], f"structure {index} of {path}")


def _complain(atoms: Atoms, where: str) -> NoReturn:
    if len(atoms) == 0:
        raise DataError(f"Expected atoms, got none in {where}.")
    if not np.isfinite(atoms.positions).all():
        bad = int(np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))[0])
        raise DataError(
            f"Expected finite positions, got {atoms.positions[bad]} for atom {bad} of {where}."
        )
    if not np.isfinite(atoms.cell.array).all():
        raise DataError(f"Expected a finite cell, got {atoms.cell.array.tolist()} in {where}.")
    raise DataError(
        f"Expected a lattice vector for each periodic direction (pbc {atoms.pbc.tolist()}), "
        f"got cell {atoms.cell.array.tolist()} in {where}."
    )


def has_reference_energy(atoms: Atoms) -> bool:
    """Whether a structure is labelled by DFT."""
    return energy_of(atoms, reference_key(ENERGY)) is not None
