"""What the program in a TorchScript file does, read as text: it is never run here.

Programs that ``eippot export`` writes are arithmetic with tensors, in a small part of Python's
grammar. Everything else in a file's program is foreign: operators that reach for files, for other
processes or for the state of torch, libraries of operators that are not eippot's, other statements.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch

#: text in which Python's grammar and torch's agree on what is a comment, a string or a line.
_PLAIN_TEXT: Final = re.compile(r"[\n -~]*")
_NOT_WRITTEN: Final = re.compile(r"#|\\\n|\"\"\"|'''")
_LONGEST: Final = 2**22
#: nesting of the tree; that of torch's parser is not bounded.
_DEEPEST: Final = 100

_NODES: Final = (
    *(ast.Module, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg, ast.keyword),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr, ast.Pass, ast.Break),
    *(ast.If, ast.For, ast.While, ast.Continue, ast.Assert, ast.Raise, ast.Delete),
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.Starred, ast.Constant),
    *(ast.List, ast.Tuple, ast.Dict, ast.IfExp, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare),
    *(ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop),
)
#: names beside those that a function assigns.
_NAMES: Final = frozenset(
    {
        *("Any", "Device", "Dict", "Enum", "Final", "List", "Module", "NamedTuple", "NoneType"),
        *("Optional", "Tensor", "Tuple", "Union", "bool", "complex", "float", "int", "number"),
        *("str", "annotate", "getattr", "isinstance", "len", "max", "min", "range"),
        *("unchecked_cast", "uninitialized", "inf", "nan", "infj", "nanj", "CONSTANTS"),
        *("__torch__", "__annotations__"),
    }
)
#: what torch knows by a name, whether a function assigns it or not.
_REFUSED_NAMES: Final = frozenset({"print", "fork", "awaitable"})
#: names of torch's libraries of operators, which are looked at with what stands behind them.
_LIBRARIES: Final = frozenset({"torch", "ops"})
_REFUSED_FUNCTIONS: Final = frozenset({"__getstate__", "__setstate__"})

_PRIM: Final = frozenset(
    {
        *("NumToTensor", "RaiseException", "TupleIndex", "TupleUnpack", "abs", "data", "device"),
        *("dtype", "grad", "is_cuda", "itemsize", "layout", "max", "min", "requires_grad", "shape"),
        *("tolist", "type", "unchecked_unwrap_optional"),
    }
)
#: types of the arguments and results of arithmetic, as torch writes them.
_TYPES: Final = frozenset(
    {
        *("Any", "AnyEnumType", "Device", "Dict", "List", "NoneType", "Optional", "Tensor"),
        *("Tuple", "bool", "complex", "float", "int", "number", "str", "t", "t1", "t2", "tVal"),
    }
)
#: what these types do not tell.
_EFFECTS: Final = frozenset({"manual_seed", "set_grad_enabled", "warn"})


@dataclass(frozen=True)
class Program:
    """The program of a TorchScript file.

    Attributes
    ----------
    functions
        Where each function was defined, and its name.
    operators
        What it calls: ``aten::add``, ``eippot::exchange``.
    foreign
        What no exported file has, in words; empty for those of eippot.
    """

    functions: tuple[str, ...]
    operators: tuple[str, ...]
    foreign: tuple[str, ...]


def read_program(sources: Mapping[str, str]) -> Program:
    """Read a program without running it.

    Parameters
    ----------
    sources
        Text of each module, by its name.

    Raises
    ------
    ValueError
        A text is not what torch writes.
    """
    functions: list[str] = []
    operators: set[str] = set()
    foreign: set[str] = set()
    for module, text in sources.items():
        tree = _parse(module, text)
        functions += [f"{module}.{name}" for name in _functions(tree)]
        foreign |= set(_unknown_names(tree))
        for node in _nodes(module, tree):
            if isinstance(node, ast.Attribute):
                called = _operator(node)
                operators |= {called} if called else set()
                foreign |= _foreign_member(node) if not called else set()
            elif not isinstance(node, _NODES) or getattr(node, "id", "") in _LIBRARIES:
                foreign.add(f"a {type(node).__name__}")
    foreign |= {name for name in operators if not _is_arithmetic(name)}
    foreign |= {name for name in functions if name.rpartition(".")[2] in _REFUSED_FUNCTIONS}
    return Program(tuple(functions), tuple(sorted(operators)), tuple(sorted(foreign)))


def _parse(module: str, text: str) -> ast.Module:
    if len(text) > _LONGEST or not _PLAIN_TEXT.fullmatch(text) or _NOT_WRITTEN.search(text):
        raise ValueError(f"the program {module} is not written as torch does")
    try:
        return ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError) as error:  # the latter two: of nesting
        raise ValueError(f"the program {module} cannot be read: {error}") from None


def _nodes(module: str, tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes; of what is called by a dotted name, the whole name alone."""
    left = [(tree, 0)]
    while left:
        node, depth = left.pop()
        if depth > _DEEPEST:
            raise ValueError(f"the program {module} is nested too deeply")
        yield node
        if not (isinstance(node, ast.Attribute) and _operator(node)):
            left += [(inner, depth + 1) for inner in ast.iter_child_nodes(node)]


def _functions(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        owner = f"{statement.name}." if isinstance(statement, ast.ClassDef) else ""
        yield from (f"{owner}{node.name}" for node in inner if isinstance(node, ast.FunctionDef))


def _unknown_names(tree: ast.Module) -> Iterator[str]:
    """Names that nothing in the text explains."""
    read: set[str] = set()
    assigned = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else assigned).add(node.id)
    yield from (read - assigned - _NAMES - _LIBRARIES) | (read & _REFUSED_NAMES)
    yield from (f"an assignment to {name}" for name in assigned & (_LIBRARIES | _NAMES))


def _operator(node: ast.Attribute) -> str:
    """The operator that a dotted name stands for; empty where it stands for something else."""
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.insert(0, inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in _LIBRARIES:
        return ""
    return f"aten::{'.'.join(parts)}" if inner.id == "torch" else "::".join(parts)


def _foreign_member(node: ast.Attribute) -> set[str]:
    """An operator that is called as a method."""
    name = f"aten::{node.attr}"
    is_operator = bool(torch._C._jit_get_schemas_for_operator(name))
    return {name} if is_operator and not _is_arithmetic(name) else set()


@lru_cache(maxsize=4096)
def _is_arithmetic(operator: str) -> bool:
    """Whether an operator makes values of values, and does nothing else."""
    library, _, name = operator.partition("::")
    if library != "aten":
        return library == "eippot" or (library == "prim" and name in _PRIM)
    is_inner = name.startswith("_") and not name.startswith("__") and name != "_set_item"
    if is_inner or name in _EFFECTS:
        return False
    schemas = torch._C._jit_get_schemas_for_operator(operator)
    values = [value for schema in schemas for value in (*schema.arguments, *schema.returns)]
    words = {word for value in values for word in re.findall(r"\w+", str(value.type))}
    return bool(schemas) and words <= _TYPES and all(v.name != "filename" for v in values)
