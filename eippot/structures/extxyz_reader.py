"""Extended XYZ as most files have it, read several times as fast as ASE does, to the same result.

What is not understood here is left to ASE: a comment line to ASE's parser of comment lines, and
everything else, errors included, to ASE's reader of files. So nothing is decided here about the
format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.calculators.calculator import all_properties
from ase.calculators.singlepoint import SinglePointCalculator
from ase.data import atomic_numbers, chemical_symbols

from eippot.conventions import ASE_VOIGT, Array
from eippot.properties import ENERGY, FORCES, STRESS
from eippot.structures.decimals import WIDTH, parse_decimals

#: lines of atoms parsed at once: many enough to forget the cost of a call, few enough for caches.
_LINES_AT_ONCE: Final = 4096
_CHARACTERS_AT_ONCE: Final = 2**22
_NEWLINE: Final = ord("\n")
_ITEM: Final = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_-]*)=(?:"([^"\\]+)"|([^\s"'{}\[\]\\=]+))(?:\s+|$)"""
)
_NUMBERS: Final = re.compile(r"[-+0-9.eE ]+")
_NOT_INTEGERS: Final = re.compile(r"[.eE]")
_LOGICAL: Final = {"T": True, "F": False, "True": True, "False": False}
_LOGICAL_WORDS: Final = _LOGICAL | {"true": True, "false": False, "TRUE": True, "FALSE": False}
_KINDS: Final[dict[str, tuple[type, Callable[[str], Any]]]] = {
    "R": (np.float64, float),
    "I": (np.int32, int),
    "S": (object, str),
    "L": (np.bool_, _LOGICAL.__getitem__),
}
#: keys and columns that mean something of their own to ASE.
_LEFT_TO_ASE: Final = frozenset(all_properties) - {ENERGY.name, FORCES.name, STRESS.name} | {
    *("Z", "charge", "initial_charges", "move_mask", "numbers", "positions", "symbols")
}


class _NotUnderstoodError(Exception):
    """Something that is left to ASE."""


class _Column(NamedTuple):
    """A property of atoms: its name, its kind (a key of ``_KINDS``), its number of columns."""

    name: str
    kind: str
    width: int


_SPECIES: Final = _Column("species", "S", 1)
_POSITIONS: Final = _Column("pos", "R", 3)
_FORCES: Final = _Column(FORCES.name, "R", 3)


class _Frame(NamedTuple):
    """A structure in a file: what its comment line says, and the lines of its atoms."""

    n_atoms: int
    info: dict[str, Any]
    rows: bytes

    @property
    def properties(self) -> str:
        return str(self.info.get("Properties", "species:S:1:pos:R:3"))


def read_extxyz(content: bytes) -> list[Atoms] | None:
    """Structures of a file, equal to those of ``ase.io.read``; None where ASE has to read it.

    Parameters
    ----------
    content
        The whole file.
    """
    try:
        return [atoms for batch in _batches(_frames(content)) for atoms in _build_all(batch)]
    except (_NotUnderstoodError, ValueError, TypeError, LookupError, OverflowError):
        return None


def _frames(content: bytes) -> Iterator[_Frame]:
    if not content.endswith(b"\n"):
        content += b"\n"
    ends = _line_ends(content)
    line = start = 0
    while start < len(content):
        header = content[start : ends[line]]
        if header.isspace() or not header:
            return  # ASE reads no further either
        n_atoms = int(header)
        last = line + 1 + n_atoms
        if n_atoms < 1:
            raise _NotUnderstoodError
        comment = content[ends[line] + 1 : ends[line + 1]].decode()
        yield _Frame(n_atoms, _read_comment(comment), content[ends[line + 1] + 1 : ends[last] + 1])
        line, start = last + 1, ends[last] + 1


def _line_ends(content: bytes) -> npt.NDArray[np.int64]:
    """Where lines of plain text end."""
    characters = np.frombuffer(content, dtype=np.uint8)
    ends = []
    for first in range(0, len(characters), _CHARACTERS_AT_ONCE):
        part = characters[first : first + _CHARACTERS_AT_ONCE]
        here = np.flatnonzero(part == _NEWLINE)
        if np.count_nonzero(part < ord(" ")) != len(here):
            raise _NotUnderstoodError
        ends.append(first + here)
    if not content.isascii():
        raise _NotUnderstoodError
    return np.concatenate(ends)


def _batches(frames: Iterable[_Frame]) -> Iterator[list[_Frame]]:
    """Collect frames that have the same columns."""
    batch: list[_Frame] = []
    lines = 0
    for frame in frames:
        lines += frame.n_atoms
        if batch and (lines > _LINES_AT_ONCE or frame.properties != batch[0].properties):
            yield batch
            batch, lines = [], frame.n_atoms
        batch.append(frame)
    if batch:
        yield batch


def _build_all(frames: Sequence[_Frame]) -> Iterator[Atoms]:
    columns = _read_properties(frames[0].properties)
    n_rows = sum(frame.n_atoms for frame in frames)
    rows = b"".join(frame.rows for frame in frames)
    arrays = _read_table(rows, n_rows, columns) or _read_fields(rows, columns)
    first = 0
    for frame in frames:
        last = first + frame.n_atoms
        yield _build(frame.info, {name: array[first:last] for name, array in arrays.items()})
        first = last


def _build(info: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Atoms:
    lattice = info.pop("Lattice", None)
    pbc = info.pop("pbc", None if lattice is None else True)
    info.pop("Properties", None)
    species, positions = arrays.pop(_SPECIES.name), arrays.pop(_POSITIONS.name)
    if species.dtype == object:
        species = np.array([atomic_numbers[symbol.capitalize()] for symbol in species])
    cell = None if lattice is None else lattice.T
    atoms = Atoms(numbers=species, positions=positions, cell=cell, pbc=pbc, info=info)
    results = {FORCES.name: arrays.pop(FORCES.name)} if FORCES.name in arrays else {}
    for name, array in arrays.items():
        atoms.new_array(name, array)
    if ENERGY.name in info:
        results[ENERGY.name] = atoms.info.pop(ENERGY.name)
    if STRESS.name in info:
        stress = atoms.info.pop(STRESS.name)
        results[STRESS.name] = np.array([stress[i, j] for i, j in ASE_VOIGT])
    if results:
        atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def _read_comment(line: str) -> dict[str, Any]:
    line = line.strip()
    info: dict[str, Any] = {}
    position = 0
    try:
        while position < len(line):
            if (item := _ITEM.match(line, position)) is None:
                raise _NotUnderstoodError
            key, quoted, bare = item.groups()
            info[key] = _read_value(key, quoted or bare)
            position = item.end()
    except _NotUnderstoodError:
        from ase.io.extxyz import key_val_str_to_dict  # takes as long as all else at the start

        info = key_val_str_to_dict(line)
    if not _LEFT_TO_ASE.isdisjoint(info):
        raise _NotUnderstoodError
    return info


def _read_value(key: str, text: str) -> Any:  # noqa: ANN401 (any value of ``Atoms.info``)
    if key in ("stress", "virial") or key.lower() == "uid":
        raise _NotUnderstoodError
    if not _NUMBERS.fullmatch(text):
        words = _read_words(text)
        if key == "Lattice":
            raise _NotUnderstoodError
        return list(words) if isinstance(words, tuple) else words
    if key == "Lattice":
        return _read_lattice(text)
    kind, convert = (np.float64, float) if _NOT_INTEGERS.search(text) else (np.int64, int)
    numbers = [convert(part) for part in text.split()]
    return kind(numbers[0]) if len(numbers) == 1 else np.array(numbers, dtype=kind)


@lru_cache(maxsize=16)  # neighbors in a file often have the same cell
def _read_lattice(text: str) -> Array:
    return np.array([float(part) for part in text.split()]).reshape(3, 3).T


@lru_cache(maxsize=1024)
def _read_words(text: str) -> str | bool | tuple[bool, ...]:
    parts = text.replace(",", " ").split()
    if all(part in _LOGICAL_WORDS for part in parts):
        values = tuple(_LOGICAL_WORDS[part] for part in parts)
        return values[0] if len(values) == 1 else values
    if text.startswith("_JSON ") or any(map(_is_number, parts)):
        raise _NotUnderstoodError
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)
def _read_properties(text: str) -> tuple[_Column, ...]:
    parts = text.split(":")
    triples = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    columns = tuple(_Column(name, kind, int(width)) for name, kind, width in triples)
    names = {column.name for column in columns}
    reserved = _LEFT_TO_ASE | {ENERGY.name, FORCES.name, STRESS.name}
    if (
        not {_SPECIES, _POSITIONS} <= set(columns)
        or len(names) < len(columns)
        or any(column.width < 1 or column.kind not in _KINDS for column in columns)
        or any(column.name in reserved and column != _FORCES for column in columns)
    ):
        raise _NotUnderstoodError
    return columns


def _read_table(
    rows: bytes, n_rows: int, columns: Sequence[_Column]
) -> dict[str, npt.NDArray[Any]] | None:
    """Arrays from lines of the form that ASE writes, species and ``%16.8f``; None from others."""
    if columns[0] != _SPECIES or any(column.kind != "R" for column in columns[1:]):
        return None
    n_reals = sum(column.width for column in columns[1:])
    length = 2 + (1 + WIDTH) * n_reals + 1
    if len(rows) != n_rows * length:
        return None
    gaps = np.ndarray((n_rows, n_reals + 1), np.uint8, rows, 2, (length, 1 + WIDTH))
    if not (gaps == [*b" " * n_reals, _NEWLINE]).all():
        return None
    numbers = _NUMBERS_OF_SYMBOLS[np.ndarray((n_rows,), "<u2", rows, 0, (length,))]
    words = np.ndarray((n_rows, n_reals, 2), "<u8", rows, 3, (length, 1 + WIDTH, WIDTH // 2))
    reals = parse_decimals(np.ascontiguousarray(words))
    if reals is None or numbers.min() < 0:
        return None
    arrays: dict[str, npt.NDArray[Any]] = {_SPECIES.name: numbers}
    first = 0
    for name, _, width in columns[1:]:
        arrays[name] = reals[:, first] if width == 1 else reals[:, first : first + width]
        first += width
    return arrays


def _read_fields(rows: bytes, columns: Sequence[_Column]) -> dict[str, npt.NDArray[Any]]:
    """Arrays from lines of any form."""
    lines = [line.split() for line in rows.decode().split("\n")[:-1]]
    n_fields = sum(column.width for column in columns)
    if any(len(line) != n_fields for line in lines):
        raise _NotUnderstoodError
    fields = iter(zip(*lines, strict=True))
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, kind, width in columns:
        dtype, convert = _KINDS[kind]
        values = [[convert(text) for text in next(fields)] for _ in range(width)]
        array: npt.NDArray[Any] = np.array(values, dtype=dtype).T  # (n, width)
        arrays[name] = array[:, 0] if width == 1 else array
    return arrays


def _symbol_table() -> npt.NDArray[np.int64]:
    """Atomic numbers by the two bytes of ``%-2s`` of the symbol; −1 where there is no such one."""
    table = np.full(2**16, -1)
    for number, symbol in enumerate(chemical_symbols):
        table[int.from_bytes(symbol.ljust(2).encode(), "little")] = number
    return table


_NUMBERS_OF_SYMBOLS: Final = _symbol_table()
