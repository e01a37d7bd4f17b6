"""Files and folders that structures are read from, whole or piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Final

from ase import Atoms

from eippot.errors import DataError, EippotError
from eippot.structures.ani import SUFFIXES as HDF5_SUFFIXES
from eippot.structures.ani import read_ani
from eippot.structures.compression import COMPRESSED, open_file
from eippot.structures.deepmd import TYPES_FILE, read_system
from eippot.structures.extxyz_by_ase import read_by_ase
from eippot.structures.extxyz_reader import read_extxyz

#: which file or system of a folder a structure is from, with the name of the folder.
ORIGIN: Final = "origin"
#: periodicity as KLIFF writes it.
_KLIFF_PBC: Final = "PBC"
#: as much text is parsed at once where a file is read piece by piece.
_PIECE: Final = 2**22
#: begins a line of a lattice vector, which some programs write behind the atoms.
_VECTOR: Final = b"VEC"


def read_pieces(path: Path, whole: bool = False) -> Iterator[list[Atoms]]:
    """Structures of a file or a folder, some at a time.

    Parameters
    ----------
    path
        Extended XYZ is read piece by piece, files of other formats one after the other.
    whole
        Whether to read extended XYZ at once, too, which is faster.

    Raises
    ------
    DataError
        A file is missing or unreadable.
    MissingDependencyError
        h5py is needed and not installed.
    """
    if not path.is_dir() or _is_system(path):
        yield from _read_one(path, whole)
        return
    for source in _sources(path):
        origin = Path(path.resolve().name) / source.relative_to(path)
        for found in _read_one(source, whole):
            for atoms in found:
                atoms.info[ORIGIN] = origin.as_posix()
            yield found


def count_structures(path: Path) -> int | None:
    """Structures of a file of extended XYZ, by its lines; None where that is not known."""
    if not path.is_file() or not is_extxyz(path):
        return None
    with open_file(path, "rb", path.suffix) as file:
        try:
            return sum(1 for _ in _frames(file))
        except ValueError:  # whoever reads it says so
            return None


def _sources(folder: Path) -> list[Path]:
    """Files and systems below a folder that hold structures."""
    return sorted(
        path
        for path in folder.rglob("*")
        if (_is_system(path) if path.is_dir() else is_extxyz(path) or _is_hdf5(path))
    )


def _read_one(path: Path, whole: bool) -> Iterator[list[Atoms]]:
    if not path.exists():
        raise DataError(f"No structure file at {path}.")
    try:
        yield from _parse(path, whole)
    except EippotError:
        raise
    except Exception as error:  # ASE's readers raise whatever the format's parser raises
        raise DataError(
            f"{path} cannot be read as a structure file: {type(error).__name__}: {error}",
            "Extended XYZ (.extxyz) is the safest format; check the line that is named, if any.",
        ) from error


def _parse(path: Path, whole: bool) -> Iterator[list[Atoms]]:
    if path.is_dir():
        yield read_system(path)
    elif _is_hdf5(path):
        yield read_ani(path)
    elif not is_extxyz(path):
        yield _read_other(path)
    else:
        with open_file(path, "rb", path.suffix) as file:
            yield from map(_parse_extxyz, [file.read()] if whole else _texts(file))


def _parse_extxyz(content: bytes) -> list[Atoms]:
    structures = read_extxyz(content)
    if structures is None:
        structures = read_by_ase(content)
    for atoms in structures:
        if _KLIFF_PBC in atoms.info:
            atoms.pbc = atoms.info.pop(_KLIFF_PBC)
    return structures


def _texts(file: IO[bytes]) -> Iterator[bytes]:
    """Text of some structures at a time; what has no structures is left to the parser."""
    lines: list[bytes] = []
    size = 0
    frames = _frames(file)
    while True:
        try:
            frame = next(frames, None)
        except ValueError as error:
            yield b"".join([*lines, *error.args[1], file.read()])
            return
        if frame is None:
            break
        if size > _PIECE:
            yield b"".join(lines)
            lines, size = [], 0
        lines += frame
        size += sum(map(len, frame))
    if lines:
        yield b"".join(lines)


def _frames(file: IO[bytes]) -> Iterator[list[bytes]]:
    """Lines of one structure after the other; ValueError, with its lines, where there is none."""
    header = file.readline()
    while header.strip():
        lines = [header]
        try:
            lines += islice(file, int(header) + 1)
        except ValueError:
            raise ValueError("no number of atoms", lines) from None
        header = file.readline()
        while header.startswith(_VECTOR):
            lines.append(header)
            header = file.readline()
        yield lines


def _is_system(path: Path) -> bool:
    return (path / TYPES_FILE).is_file()


def _is_hdf5(path: Path) -> bool:
    return path.suffix in HDF5_SUFFIXES


def is_extxyz(path: Path) -> bool:
    """Whether the name is that of extended XYZ."""
    names = [suffix for suffix in path.suffixes if suffix not in COMPRESSED]
    return bool(names) and names[-1] in (".extxyz", ".xyz")


def _read_other(path: Path) -> list[Atoms]:
    from ase.io import read  # takes as long as all else at the start

    structures = read(path, index=":")
    return structures if isinstance(structures, list) else [structures]
