"""Extended XYZ as ASE reads it, kept from numbers that would occupy it or the memory for ever."""

from __future__ import annotations

from io import StringIO
from typing import Any, Final

from ase import Atoms

from eippot.errors import DataError

#: columns that a property of atoms may have.
_WIDEST: Final = 1000


def read_by_ase(content: bytes) -> list[Atoms]:
    """Structures of a file.

    Raises
    ------
    DataError
        A structure has more atoms than the file has lines, or a property has too many columns.
    Exception
        Of any kind that ASE raises: the file is none of its format.
    """
    from ase.io import read  # takes as long as all else at the start

    file = StringIO(content.decode(), newline=None)
    _check_sizes(file.getvalue().split("\n"))
    structures: list[Atoms] = read(file, ":", format="extxyz", properties_parser=_read_comment)
    return structures


def _check_sizes(lines: list[str]) -> None:
    line = 0
    while line < len(lines) and lines[line].strip():
        try:
            n_atoms = int(lines[line])
        except ValueError:
            return  # ASE says what is wrong
        if n_atoms > len(lines) - line - 2:
            raise DataError(f"Expected {n_atoms} atoms after line {line + 1}, got the end.")
        line += 2 + max(n_atoms, 0)
        while line < len(lines) and lines[line].lstrip().startswith("VEC"):
            line += 1


def _read_comment(line: str) -> dict[str, Any]:
    from ase.io.extxyz import key_val_str_to_dict

    info: dict[str, Any] = key_val_str_to_dict(line)
    for width in str(info.get("Properties", "")).split(":")[2::3]:
        if int(width) > _WIDEST:
            raise DataError(f"Expected at most {_WIDEST} columns of a property, got {width}.")
    return info
