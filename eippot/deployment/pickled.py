"""Values of TorchScript's archives, read without pickle: nothing in them is called or imported.

An archive holds its values as a pickle, of which torch writes a small part of the language. That
part is interpreted here, into plain values and descriptions of the rest.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Final, NamedTuple

#: bytes of one number, by the name of its storage.
_ITEM_BYTES: Final = {
    **dict.fromkeys(("torch DoubleStorage", "torch LongStorage", "torch ComplexFloatStorage"), 8),
    **dict.fromkeys(("torch FloatStorage", "torch IntStorage"), 4),
    **dict.fromkeys(("torch HalfStorage", "torch BFloat16Storage", "torch ShortStorage"), 2),
    **dict.fromkeys(("torch CharStorage", "torch ByteStorage", "torch BoolStorage"), 1),
    "torch ComplexDoubleStorage": 16,
}
#: names of types that torch reads; a parser of its own does so, level by level.
_TYPE: Final = re.compile(r"[\w.,\[\] ]{1,500}")
_CLASS: Final = re.compile(r"__torch__(\.\w+)* \w+")
#: levels of values in values.
_HIGHEST: Final = 100


class Name(NamedTuple):
    """Something that a pickle would import: module and name."""

    text: str


class Instance(NamedTuple):
    """An object of a class of the archive's program."""

    kind: str
    state: dict[str, Any]


class StoredTensor(NamedTuple):
    """Where the numbers of a tensor are.

    Attributes
    ----------
    storage
        Name of the storage's type, with which its numbers have a size.
    record
        Which record of the archive has them.
    shape
        Of the tensor.
    """

    storage: str
    record: str
    shape: tuple[int, ...]


class _Storage(NamedTuple):
    kind: str
    record: str
    numbers: int


class UnusualError(ValueError):
    """What is no part of what torch writes, or points outside of what is there."""


def read_values(pickled: bytes, sizes: Mapping[str, int]) -> Any:  # noqa: ANN401 (any value)
    """The value that a record stands for.

    Parameters
    ----------
    pickled
        The record, ``data.pkl`` or ``constants.pkl``.
    sizes
        Bytes of the records with numbers, by their keys.

    Raises
    ------
    UnusualError
        It is none that torch writes, or a tensor lies outside of its record.
    """
    machine = _Machine(sizes, len(pickled))
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            if opcode.name == "STOP":
                break
            machine.step(opcode.name, argument)
        (value,) = machine.stack
    except UnusualError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise UnusualError(f"damaged values ({error})") from None
    return value


class _Machine:
    """The stack and the memory of a pickle."""

    def __init__(self, sizes: Mapping[str, int], length: int) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []  # heights of the stack
        self._memo: dict[int, Any] = {}
        self._sizes = sizes
        self._length = length
        self._heights: dict[int, int] = {}  # levels below a value, by its identity
        self._holders: list[object] = []
        self._held: dict[int, object] = {}  # what is in another value, and so complete
        self._left = 2**20 + 16 * sum(sizes.values())  # bytes that tensors may take in all

    def step(self, opcode: str, argument: Any) -> None:  # noqa: ANN401 (of any opcode)
        """Do what an opcode asks for."""
        if opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _PUTS:
            if argument > self._length:  # torch makes room for all before it
                raise UnusualError(f"place {argument} in a memory of {self._length}")
            self._memo[argument] = self._top()
        elif opcode in _GETS:
            self.stack.append(self._memo[argument])
        elif opcode == "GLOBAL":
            self.stack.append(Name(argument))
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self)
        elif opcode != "PROTO":
            raise UnusualError(f"the opcode {opcode}")

    def _mark(self) -> None:
        self._marks.append(len(self.stack))

    def _marked(self) -> list[Any]:
        """Take what is above the last mark."""
        at = self._marks.pop()
        values = self.stack[at:]
        del self.stack[at:]
        return values

    def _top(self) -> Any:  # noqa: ANN401 (any value)
        """The last value, which is above the last mark."""
        if len(self.stack) <= (self._marks[-1] if self._marks else 0):
            raise UnusualError("damaged values")
        return self.stack[-1]

    def _pop(self) -> Any:  # noqa: ANN401 (any value)
        value = self._top()
        self.stack.pop()
        return value

    def _hold(self, holder: object, values: Sequence[object]) -> None:
        """Note that a value gets others, which neither hold it nor are too high."""
        height = 1 + max((self._heights.get(id(value), 0) for value in values), default=0)
        self._held.update((id(value), value) for value in values)
        if id(holder) in self._held or height > _HIGHEST:
            raise UnusualError("values nested too deeply, or in themselves")
        self._holders.append(holder)  # which keep their identities to themselves
        self._heights[id(holder)] = max(height, self._heights.get(id(holder), 0))

    def _tuple(self, values: Sequence[Any]) -> None:
        if values:  # there is but one empty tuple
            values = tuple(values)
            self._hold(values, values)
        self.stack.append(tuple(values))

    def _last(self, count: int) -> None:
        values = [self._pop() for _ in range(count)]
        self._tuple(values[::-1])

    def _append(self) -> None:
        values = self._marked()
        self._hold(self._top(), values)
        _of(list, self.stack[-1]).extend(values)

    def _set(self) -> None:
        values = self._marked()
        self._hold(self._top(), values)
        _of(dict, self.stack[-1]).update(zip(values[::2], values[1::2], strict=True))

    def _new(self) -> None:
        arguments, kind = self._pop(), _of(Name, self._pop()).text
        if arguments != () or not _CLASS.fullmatch(kind):
            raise UnusualError(f"an object of {kind}")
        self.stack.append(Instance(kind, {}))

    def _build(self) -> None:
        state = _of(dict, self._pop())
        self._hold(self._top(), [state])
        _of(Instance, self.stack[-1]).state.update(state)

    def _reduce(self) -> None:
        arguments, function = _of(tuple, self._pop()), _of(Name, self._pop()).text
        if function not in _FUNCTIONS:
            raise UnusualError(f"a call of {function}")
        self.stack.append(_FUNCTIONS[function](*arguments))

    def _storage(self) -> None:
        what, kind, record, device, numbers = _of(tuple, self._pop())
        found = _Storage(_of(Name, kind).text, _of(str, record), _of(int, numbers))
        bytes_needed = numbers * _ITEM_BYTES[found.kind]
        self._left -= bytes_needed
        if what != "storage" or not isinstance(device, str) or numbers < 0 or self._left < 0:
            raise UnusualError(f"a storage of {numbers} numbers")
        if bytes_needed > self._sizes[found.record]:
            raise UnusualError(f"{bytes_needed} bytes of a record of {self._sizes[found.record]}")
        self.stack.append(found)


def _of(kind: type[Any], value: Any) -> Any:  # noqa: ANN401 (of that type)
    if type(value) is not kind:
        raise UnusualError(f"{type(value).__name__} in place of {kind.__name__}")
    return value


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> StoredTensor:
    """A tensor that lies within its storage."""
    if min((offset, *shape, *strides)) < 0 or len(shape) != len(strides) or len(shape) > 16:
        raise UnusualError(f"a tensor of shape {shape}")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if prod(shape) > _of(_Storage, storage).numbers or (prod(shape) and last >= storage.numbers):
        raise UnusualError(f"a tensor of shape {shape} in {storage.numbers} numbers")
    return StoredTensor(storage.kind, storage.record, shape)


def _tagged(value: object, kind: str) -> object:
    if not _TYPE.fullmatch(kind):
        raise UnusualError("the type of a value")
    return value


_CONSTANTS: Final[dict[str, Callable[[], Any]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_LITERALS: Final = frozenset({"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"})
_PUTS: Final = frozenset({"BINPUT", "LONG_BINPUT"})
_GETS: Final = frozenset({"BINGET", "LONG_BINGET"})
_ACTIONS: Final[dict[str, Callable[[_Machine], None]]] = {
    "MARK": _Machine._mark,
    "TUPLE": lambda machine: machine._tuple(machine._marked()),
    "TUPLE1": lambda machine: machine._last(1),
    "TUPLE2": lambda machine: machine._last(2),
    "TUPLE3": lambda machine: machine._last(3),
    "APPENDS": _Machine._append,
    "SETITEMS": _Machine._set,
    "NEWOBJ": _Machine._new,
    "BUILD": _Machine._build,
    "REDUCE": _Machine._reduce,
    "BINPERSID": _Machine._storage,
}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "torch._utils _rebuild_tensor_v2": _tensor,
    "collections OrderedDict": dict,
    "torch.jit._pickle restore_type_tag": _tagged,
    "torch.jit._pickle build_intlist": list,
    "torch.jit._pickle build_doublelist": list,
    "torch.jit._pickle build_boollist": list,
    "torch.jit._pickle build_tensorlist": list,
    "torch device": str,
}
