"""Extended XYZ written as ASE writes it, byte for byte, many times as fast.

Numbers are formatted for many structures at once. What is not understood here is written by ASE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import StringIO
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.data import chemical_symbols

from eippot.structures.decimals import format_decimals

#: lines formatted at once: many enough to forget the cost of a call, few enough for caches.
_LINES_AT_ONCE: Final = 4096
#: names that mean something of their own to ASE.
_LEFT_TO_ASE: Final = frozenset({"species", "pos", "symbols", "charges", "move_mask"})
_KINDS: Final = {"f": "R", "i": "I", "b": "L"}
_LOGICAL: Final = (bool, np.bool_)
_NUMBER: Final = (float, int, np.floating, np.integer)
_TO_BE_QUOTED: Final = frozenset(" \"'{}[]")
_SYMBOLS: Final = np.array([b"%-2s" % symbol.encode() for symbol in chemical_symbols])
_INTEGER_WIDTH: Final = 8


class _NotUnderstoodError(Exception):
    """Something that is left to ASE."""


class _Column(NamedTuple):
    """An array of ``Atoms``: its name, the kind of its dtype, its number of columns."""

    name: str
    kind: str
    width: int


_Columns = tuple[_Column, ...]


def format_extxyz(structures: Iterable[Atoms]) -> Iterator[bytes]:
    """Text of each structure; results of attached calculators are not written.

    Parameters
    ----------
    structures
        ``info`` and ``arrays`` are written.
    """
    for columns, batch in _batches(structures):
        texts = None if columns is None else _format_all(columns, batch)
        yield from [_format_by_ase(atoms) for atoms in batch] if texts is None else texts


def _batches(structures: Iterable[Atoms]) -> Iterator[tuple[_Columns | None, list[Atoms]]]:
    """Collect structures that have the same columns; None stands for those left to ASE."""
    batch: list[Atoms] = []
    columns, lines = None, 0
    for atoms in structures:
        arrays = [(name, a.dtype.kind, a.shape[1:]) for name, a in atoms.arrays.items()]
        n_atoms = len(atoms)
        its_columns = None if atoms.constraints or n_atoms == 0 else _columns(tuple(arrays))
        if batch and (its_columns != columns or lines + n_atoms > _LINES_AT_ONCE):
            yield columns, batch
            batch, lines = [], 0
        batch.append(atoms)
        columns = its_columns
        lines += n_atoms
    if batch:
        yield columns, batch


@lru_cache(maxsize=64)
def _columns(arrays: tuple[tuple[str, str, tuple[int, ...]], ...]) -> _Columns | None:
    """Columns behind the species, of arrays as (name, kind, shape per atom); None: left to ASE."""
    columns = [_Column(name, kind, shape[0] if shape else 1) for name, kind, shape in arrays]
    if any(
        name in _LEFT_TO_ASE or kind not in _KINDS or len(shape) > 1 or 0 in shape
        for name, kind, shape in arrays
    ):
        return None
    others = [column for column in columns if column.name not in ("numbers", "positions")]
    return (_Column("positions", "f", 3), *others)


def _format_all(columns: _Columns, structures: Sequence[Atoms]) -> list[bytes] | None:
    rows = _format_rows(columns, structures)
    if rows is None:
        return None
    names = "".join(
        f":{'pos' if name == 'positions' else name}:{_KINDS[kind]}:{width}"
        for name, kind, width in columns
    )
    texts = []
    first = 0
    for atoms in structures:
        last = first + len(atoms)
        comment = _format_comment(f"Properties=species:S:1{names}", atoms)
        texts.append(b"%d\n%s\n%s" % (last - first, comment.encode(), rows[first:last].data))
        first = last
    return texts


def _format_rows(columns: _Columns, structures: Sequence[Atoms]) -> npt.NDArray[np.uint8] | None:
    """Lines of all atoms, shape ``(n, characters of a line)``."""
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    blocks: list[npt.NDArray[Any]] = [_SYMBOLS[numbers, None]]  # (n, fields of a line, …)
    for name, kind, width in columns:
        values = np.concatenate([atoms.arrays[name] for atoms in structures])
        block = _format_fields(values.reshape(-1, width), kind)
        if block is None:
            return None
        blocks.append(block)
    lengths = [block[0, 0].nbytes + 1 for block in blocks]  # of a field with the blank behind it
    sizes = [block.shape[1] * length for block, length in zip(blocks, lengths, strict=True)]
    rows = np.full((len(numbers), sum(sizes)), ord(" "), dtype=np.uint8)
    first = 0
    for block, length, size in zip(blocks, lengths, sizes, strict=True):
        strides = (sum(sizes), length, *block.strides[2:])
        np.ndarray(block.shape, block.dtype, rows, first, strides)[...] = block
        first += size
    rows[:, -1] = ord("\n")
    return rows


def _format_fields(values: npt.NDArray[Any], kind: str) -> npt.NDArray[Any] | None:
    """Text of values ``(n, width)``: arrays of one length for each; None if lengths differ."""
    if kind == "f":
        return format_decimals(values.astype(np.float64, copy=False))
    if kind == "b":
        return np.where(values, np.bytes_(b" T"), np.bytes_(b" F"))
    texts = [b"%8d" % value for value in values.ravel().tolist()]
    if any(len(text) > _INTEGER_WIDTH for text in texts):
        return None
    return np.array(texts, dtype=f"S{_INTEGER_WIDTH}").reshape(values.shape)


def _format_comment(properties: str, atoms: Atoms) -> str:
    info = {**atoms.info, "pbc": atoms.pbc}
    try:
        items = [f"{_quote(key)}={_format_value(value)}" for key, value in info.items()]
    except _NotUnderstoodError:
        from ase.io.extxyz import key_val_dict_to_str  # takes as long as all else at the start

        items = [key_val_dict_to_str(info)]
    return " ".join([*_format_lattice(atoms.cell.array.tobytes()), properties, *items])


@lru_cache(maxsize=16)  # neighbors in a file often have the same cell
def _format_lattice(cell: bytes) -> list[str]:
    vectors = np.frombuffer(cell)
    return [f'Lattice="{_join(vectors)}"'] if vectors.any() else []


def _format_value(value: object) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, _LOGICAL):
        return "T" if value else "F"
    if isinstance(value, _NUMBER):
        return f"{value}"
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in _KINDS:
        text = _join(value)
        return f'"{text}"' if len(value) > 1 else text
    raise _NotUnderstoodError


def _join(values: npt.NDArray[Any]) -> str:
    if values.dtype.kind == "b":
        return " ".join(["T" if value else "F" for value in values.tolist()])
    return " ".join(map(repr, values.tolist()))


@lru_cache(maxsize=1024)
def _quote(text: str) -> str:
    if _TO_BE_QUOTED.isdisjoint(text):
        return text
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _format_by_ase(atoms: Atoms) -> bytes:
    from ase.io.extxyz import write_extxyz

    text = StringIO()
    write_extxyz(text, [atoms], write_results=False)
    return text.getvalue().encode()
