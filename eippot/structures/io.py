"""Reading and writing structures; every label they carry ends up under a name of its own."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from ase import Atoms

from eippot.conventions import stress_from_ase_voigt
from eippot.errors import ConfigError, DataError
from eippot.properties import ENERGY, LabelName, reference_key
from eippot.structures.adoption import Adoption
from eippot.structures.arrow_store import check_replaceable, is_store, open_store, write_store
from eippot.structures.compression import open_file
from eippot.structures.extxyz_writer import format_extxyz
from eippot.structures.files import read_pieces
from eippot.structures.stored import StoredStructures

logger = logging.getLogger(__name__)

#: structures of a store that are read into memory where that is needed.
MOST_IN_MEMORY: Final = 200_000
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
        each structure says which one it is from. A store (:mod:`eippot.structures.arrow_store`)
        is read if it is small.
    keys
        Names of DFT labels, where they are not to be found out (see Adoption); not of a store.

    Raises
    ------
    DataError
        The file is missing, unreadable or empty, a structure has no atoms or positions that are not
        finite, or it is not clear which labels are DFT's; or a store is too large to be held in
        memory.
    MissingDependencyError
        h5py or pyarrow is needed and not installed.
    """
    if is_store(path):
        stored = _open_store(path, keys)
        if len(stored) > MOST_IN_MEMORY:
            raise DataError(
                f"Expected at most {MOST_IN_MEMORY} structures where all have to be in memory at "
                f"once, got {len(stored)} in {path}.",
                "`label`, `perturb`, `classify`, `pretrain` and `finetune` take stores of any "
                "size; for anything else, take fewer structures.",
            )
        return list(stored)
    return [atoms for piece in _checked_pieces(path, keys, whole=True) for atoms in piece]


def open_structures(path: Path, keys: Mapping[LabelName, str] | None = None) -> Sequence[Atoms]:
    """The same; those of a store stay there until each is asked for, however many they are."""
    return _open_store(path, keys) if is_store(path) else read_structures(path, keys)


def iterate_structures(path: Path, keys: Mapping[LabelName, str] | None = None) -> Iterator[Atoms]:
    """The same, one after the other; of extended XYZ and stores, few are in memory at a time."""
    if is_store(path):
        yield from _open_store(path, keys)
        return
    for piece in _checked_pieces(path, keys, whole=False):
        yield from piece


def _open_store(path: Path, keys: Mapping[LabelName, str] | None) -> StoredStructures:
    if keys:
        raise DataError(
            f"Expected no names of labels for {path}, got {', '.join(keys.values())}.",
            "What is DFT's was settled when the store was written; name them there.",
        )
    return open_store(path)


def _checked_pieces(
    path: Path, keys: Mapping[LabelName, str] | None, whole: bool
) -> Iterator[list[Atoms]]:
    adoption = Adoption(keys or {})
    count = 0
    for structures in read_pieces(path, whole):
        if not structures:
            continue
        _check_all(structures, path, count)
        adoption.adopt(structures)
        count += len(structures)
        yield structures
    if not count:
        raise DataError(f"{path} holds no structure.")
    taken = adoption.finish()
    if taken:
        logger.warning("Taken as DFT labels of %s: %s.", path, taken)


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
    if is_store(output):
        check_replaceable(output)
    elif not names.endswith((".extxyz", ".xyz")):
        raise ConfigError(
            f"Expected an output that ends in .extxyz (or .extxyz.xz, .extxyz.gz), or in .arrow "
            f"for a store, got {output}."
        )


def write_structures(path: Path, structures: Iterable[Atoms]) -> None:
    """Write structures as extended XYZ or a store, atomically: it is complete or not there.

    Parameters
    ----------
    path
        Target; ``.arrow`` is a store; a suffix ``.xz``, ``.gz`` or ``.bz2`` compresses.
    structures
        ``info`` and ``arrays`` are written; results of attached calculators are not.

    Raises
    ------
    DataError
        There can be no file of this name.
    MissingDependencyError
        pyarrow is needed and not installed.
    """
    if is_store(path):
        write_store(path, structures)
    else:
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


def _check_all(structures: Sequence[Atoms], path: Path, first: int) -> None:
    pbc = np.array([atoms.pbc for atoms in structures])  # (k, 3)
    cells = np.array([atoms.cell.array for atoms in structures])  # (k, 3, 3)
    sound = np.isfinite(cells).all(axis=(1, 2))
    periodic = np.where(pbc[:, :, None], cells, 0.0)
    sound[sound] = np.linalg.matrix_rank(periodic[sound]) == pbc[sound].sum(axis=1)
    sound &= [len(atoms) > 0 for atoms in structures]
    if not np.isfinite(np.concatenate([atoms.positions for atoms in structures])).all():
        sound &= [np.isfinite(atoms.positions).all() for atoms in structures]
    for index in np.flatnonzero(~sound)[:1].tolist():
        _complain(structures[index], f"structure {first + index} of {path}")


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
