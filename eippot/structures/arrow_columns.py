"""Structures as columns of Arrow: a row for each structure, a column for each key.

========================  ===================================  ================================
what a column holds       Arrow                                column
========================  ===================================  ================================
a number, or yes or no    ``double``, ``int64``, ``bool``      ``info.<key>``
a word                    ``dictionary<int32, string>``        ``info.<key>``
an array                  ``list`` of numbers, or of lists of  ``info.<key>``, ``arrays.<key>``,
                          so many; yes and no are ``uint8``    ``cell`` (9), ``pbc`` (3)
anything else             ``string``, JSON as ASE writes it    as above, and ``constraints``
========================  ===================================  ================================

A key that a structure does not have is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eippot.errors import DataError, MissingDependencyError

Bools = npt.NDArray[np.bool_]

INFO: Final = "info."
ARRAYS: Final = "arrays."
_CELL, _PBC, _CONSTRAINTS = "cell", "pbc", "constraints"
_NUMBERS: Final = {"f": np.float64, "i": np.int64, "b": np.bool_}
#: dtypes by their characters: float64, float32, int64, int32, bool.
_ELEMENTS: Final = "dfli?"
_LOGICAL: Final = "?"
_LARGEST_INTEGER: Final = 2**63
_NOTHING: Final = object()


def import_arrow() -> ModuleType:
    """Arrow for Python.

    Raises
    ------
    MissingDependencyError
        It is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise MissingDependencyError(
            f"Stores (.arrow) need pyarrow, which cannot be imported ({error}).",
            "pip install 'eippot[arrow]'",
        ) from None
    module: ModuleType = pyarrow
    return module


def to_arrow(structures: Sequence[Atoms]) -> Any:  # noqa: ANN401 (pyarrow has no types)
    """A ``pyarrow.RecordBatch`` of structures; results of attached calculators are left out.

    Raises
    ------
    DataError
        ``info`` or ``arrays`` hold an object that is no data.
    """
    columns: dict[str, list[Any]] = {}
    for row, atoms in enumerate(structures):
        for name, value in _items(atoms):
            values = columns.setdefault(name, [])
            values += [_NOTHING] * (row - len(values))
            values.append(value)
    arrays = {}
    for name, values in columns.items():
        values += [_NOTHING] * (len(structures) - len(values))
        arrays[name] = _encoded(name, values)
    return import_arrow().RecordBatch.from_pydict(arrays)


def _items(atoms: Atoms) -> Iterator[tuple[str, Any]]:
    yield _CELL, atoms.cell.array.reshape(9)
    yield _PBC, atoms.pbc
    for name, array in atoms.arrays.items():
        yield ARRAYS + name, array
    for name, value in atoms.info.items():
        yield INFO + name, value
    if atoms.constraints:
        yield _CONSTRAINTS, [constraint.todict() for constraint in atoms.constraints]


def _encoded(name: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 (pyarrow has no types)
    """One column, in the plainest form that all of its values have."""
    arrow = import_arrow()
    kinds = {_kind(value) for value in values if value is not _NOTHING}
    if kinds == {"f", "i"}:
        kinds = {"f"}
    kind = kinds.pop() if len(kinds) == 1 else "json"
    if isinstance(kind, tuple):
        return _encoded_arrays(values, *kind)
    if kind == "json":
        return arrow.array([_json(name, value) for value in values], arrow.string())
    plain = [None if value is _NOTHING else value for value in values]
    if kind == "s":
        return arrow.array(plain, arrow.string()).dictionary_encode()
    return arrow.array(plain, arrow.from_numpy_dtype(_NUMBERS[kind]))


def _kind(value: object) -> str | tuple[str, int]:
    """Of a number or a word, of an array (its elements, and how many there are in each row)."""
    if isinstance(value, np.ndarray) and value.ndim:
        code, width = value.dtype.char, 0 if value.ndim == 1 else value.shape[-1]
        plain = code in _ELEMENTS and (value.ndim == 1 or (value.ndim == 2 and width > 0))
        return (code, width) if plain else "json"
    if isinstance(value, str):
        return "s"
    if isinstance(value, bool | np.bool_):
        return "b"
    if isinstance(value, float | np.floating):
        return "f"
    if isinstance(value, int | np.integer) and abs(int(value)) < _LARGEST_INTEGER:
        return "i"
    return "json"


def _encoded_arrays(values: Sequence[Any], dtype: str, width: int) -> Any:  # noqa: ANN401
    arrow = import_arrow()
    missing = np.array([value is _NOTHING for value in values])
    lengths = [0 if value is _NOTHING else len(value) for value in values]
    flat = np.concatenate([value for value in values if value is not _NOTHING])
    numbers = np.ascontiguousarray(flat).ravel()
    elements = arrow.array(numbers.view(np.uint8) if dtype == _LOGICAL else numbers)
    if width:
        elements = arrow.FixedSizeListArray.from_arrays(elements, width)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return arrow.ListArray.from_arrays(offsets, elements, mask=arrow.array(missing))


def _json(name: str, value: object) -> str | None:
    if value is _NOTHING:
        return None
    from ase.io.jsonio import encode  # takes as long as all else at the start

    try:
        text: str = encode(value)
    except TypeError:
        raise DataError(
            f"Expected numbers, words and arrays, got {type(value).__name__} in `{name}`.",
            "Take it out of the structures: there is no file format that keeps it.",
        ) from None
    return text


class Columns:
    """Columns as they lie in memory or a mapped file; structures are made one at a time.

    Parameters
    ----------
    batch
        A ``pyarrow.RecordBatch`` as :func:`to_arrow` makes it.

    Raises
    ------
    KeyError, ValueError
        It is another one.
    """

    def __init__(self, batch: Any) -> None:  # noqa: ANN401 (pyarrow has no types)
        self._columns = {name: _Column(batch.column(name)) for name in batch.schema.names}
        self._cell, self._pbc = self._columns[_CELL], self._columns[_PBC]
        self._numbers = self._columns[ARRAYS + "numbers"]
        self._positions = self._columns[ARRAYS + "positions"]
        self._info, self._arrays = self._under(INFO), self._under(ARRAYS)
        self._n_rows: int = batch.num_rows

    @property
    def keys(self) -> set[str]:
        """Of ``info`` and ``arrays``."""
        return self._info.keys() | self._arrays.keys()

    def structure(self, row: int) -> Atoms:
        """One structure, which shares no memory with the columns."""
        atoms = Atoms(
            numbers=self._numbers.value(row),
            positions=self._positions.value(row),
            cell=self._cell.value(row).reshape(3, 3),
            pbc=self._pbc.value(row),
            info={key: column.value(row) for key, column in self._info.items() if column.has[row]},
        )
        for key, column in self._arrays.items():
            if column.has[row] and key not in atoms.arrays:
                atoms.arrays[key] = column.value(row)
        constraints = self._columns.get(_CONSTRAINTS)
        if constraints is not None and constraints.has[row]:
            from ase.constraints import dict2constraint  # brings SciPy

            atoms.set_constraint([dict2constraint(each) for each in constraints.value(row)])
        return atoms

    def has(self, key: str) -> Bools:
        """Which structures have a key, ``(m,)``."""
        found = np.zeros(self._n_rows, dtype=bool)
        for column in (self._info.get(key), self._arrays.get(key)):
            if column is not None:
                found |= column.has
        return found

    def reals(self, key: str) -> npt.NDArray[np.float64] | None:
        """Numbers under a key of ``info`` ``(m,)``, NaN where there is none; None: other things."""
        column = self._info.get(key)
        if column is None:
            return np.full(self._n_rows, np.nan)
        return column.reals()

    def elements(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Atomic numbers that occur in some structures."""
        return np.unique(self._numbers.all_of(rows))

    def _under(self, prefix: str) -> dict[str, _Column]:
        names = (name for name in self._columns if name.startswith(prefix))
        return {name.removeprefix(prefix): self._columns[name] for name in names}


class _Column:
    """One column; ``has`` tells which rows are not null, ``value`` gives one of these."""

    def __init__(self, array: Any) -> None:  # noqa: ANN401 (pyarrow has no types)
        types = import_arrow().types
        kind = array.type
        self.has: Bools = array.is_valid().to_numpy(zero_copy_only=False)
        self._flat: npt.NDArray[Any] | None = None
        self._starts: npt.NDArray[np.int32] | None = None
        self.value: Callable[[int], Any]
        if types.is_list(kind):
            self._starts, self._flat = array.offsets.to_numpy(), _flat(array.values)
            self.value = self._array
        elif types.is_dictionary(kind):
            places, words = _mapped(array.indices), array.dictionary.to_pylist()
            self.value = lambda row: words[places[row]]
        elif types.is_string(kind):
            self.value = lambda row: _decode(array[row].as_py())
        else:
            numbers = self._flat = _mapped(array)
            self.value = lambda row: numbers[row]

    def reals(self) -> npt.NDArray[np.float64] | None:
        """All values, if they are numbers."""
        if self._flat is None or self._starts is not None:
            return None
        return np.where(self.has, self._flat, np.nan)

    def all_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Elements of the arrays of some rows, in the order of the column."""
        assert self._flat is not None
        assert self._starts is not None
        chosen = np.zeros(len(self.has), dtype=bool)
        chosen[rows] = True
        found: npt.NDArray[Any] = self._flat[np.repeat(chosen, np.diff(self._starts))]
        return found

    def _array(self, row: int) -> npt.NDArray[Any]:
        assert self._flat is not None
        assert self._starts is not None
        found: npt.NDArray[Any] = self._flat[self._starts[row] : self._starts[row + 1]].copy()
        return found


def _flat(elements: Any) -> npt.NDArray[Any]:  # noqa: ANN401 (pyarrow has no types)
    """Numbers of all arrays behind one another, ``(n,)`` or ``(n, width)``."""
    types = import_arrow().types
    if types.is_fixed_size_list(elements.type):
        return _flat(elements.values).reshape(-1, elements.type.list_size)
    found = _mapped(elements)
    return found.view(np.bool_) if found.dtype == np.uint8 else found


def _mapped(array: Any) -> npt.NDArray[Any]:  # noqa: ANN401 (pyarrow has no types)
    """Numbers where they are, whatever stands for null; bits become bytes."""
    if import_arrow().types.is_boolean(array.type):
        bits: npt.NDArray[Any] = array.fill_null(False).to_numpy(zero_copy_only=False)
        return bits
    dtype = array[:0].to_numpy().dtype  # `to_pandas_dtype` may need pandas
    return np.frombuffer(array.buffers()[1] or b"", dtype=dtype, count=len(array))


def _decode(text: str) -> Any:  # noqa: ANN401 (any value of ``Atoms.info``)
    from ase.io.jsonio import decode  # takes as long as all else at the start

    return decode(text)
