"""What is in a TorchScript file, found out without running or unpickling any of it.

Such a file is a zip archive of records: a program, values as a pickle, and their numbers. The
records are checked here; torch is then given these, packed anew, so that what it reads is what was
checked, however a zip archive might be read.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from eippot.deployment.pickled import Instance, UnusualError, read_values
from eippot.deployment.program import Program, read_program
from eippot.errors import ModelError

#: where a compiled file keeps what eippot says of it.
COMPILED_KEY: Final = "eippot"
_EXPORT: Final = "`eippot export` writes exported models."
_VALUES: Final = "data.pkl"
_CONSTANTS: Final = "constants.pkl"
_NUMBERS: Final = re.compile(r"(data|constants)/(\d{1,9})")
_SOURCE: Final = re.compile(r"code/(__torch__(/\w+)*)\.py", re.ASCII)
_OTHERS: Final = ("version", "byteorder", _VALUES, _CONSTANTS)
#: records of a file, and how many times the size of the file they may have in all (programs shrink
#: to a tenth, numbers do not shrink).
_MOST_RECORDS: Final = 10**5
_LARGEST_RATIO: Final = 20


@dataclass(frozen=True)
class Archive:
    """A TorchScript file.

    Attributes
    ----------
    records
        Content of each record that torch reads, by name.
    attributes
        Values of the model itself; its modules are :class:`Instance`.
    program
        What it does.
    """

    records: dict[str, bytes]
    attributes: dict[str, Any]
    program: Program

    def packed(self) -> BytesIO:
        """The same as a file for torch."""
        file = BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in self.records.items():
                archive.writestr(f"model/{name}", content)
        file.seek(0)
        return file


def read_archive(path: Path) -> Archive:
    """Read and check a file.

    Raises
    ------
    ModelError
        It is no TorchScript file, or damaged, or made to do harm.
    """
    try:
        records = _records(path)
        attributes = _values(records, _VALUES)
        if not isinstance(attributes, Instance):
            raise UnusualError("no model")
        _values(records, _CONSTANTS)
        sources = {
            match[1].replace("/", "."): content.decode()
            for name, content in records.items()
            if (match := _SOURCE.fullmatch(name))
        }
        return Archive(records, attributes.state, read_program(sources))
    except (*_ZIP_ERRORS, ValueError) as error:
        raise ModelError(
            f"{path} is not an exported model, or is damaged: {error}", _EXPORT
        ) from None


@dataclass(frozen=True)
class CompiledContent:
    """What a compiled file says of itself.

    Attributes
    ----------
    metadata, self_test
        As they were written; nothing is known of them but that they have names.
    """

    metadata: dict[str, Any]
    self_test: dict[str, Any]


def read_compiled(path: Path) -> CompiledContent:
    """Read what a compiled file says of itself; the machine code in it is not looked at.

    Raises
    ------
    ModelError
        It is no compiled file of eippot, or damaged.
    """
    try:
        for name, content in read_zip(path).items():
            if name.endswith("metadata.json") and COMPILED_KEY in (outer := json.loads(content)):
                inner = json.loads(outer[COMPILED_KEY])
                parts = [inner[part] for part in ("metadata", "self_test")]
                if all(isinstance(part, dict) for part in parts):
                    return CompiledContent(*parts)
        raise ValueError("it says nothing of eippot")
    except (*_ZIP_ERRORS, ValueError, TypeError, LookupError) as error:
        raise ModelError(
            f"{path} is not a compiled model of eippot, or is damaged: {error}", _EXPORT
        ) from None


#: what zipfile raises of files that are none, or of another kind.
_ZIP_ERRORS: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, OverflowError),
)


def read_zip(path: Path) -> dict[str, bytes]:
    """Records of a zip archive of torch by their names without the first folder.

    Raises
    ------
    Exception
        Of the kinds that zipfile raises: it is none, or larger than it may be.
    """
    limit = 2**20 + _LARGEST_RATIO * path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > limit or len(infos) > _MOST_RECORDS:
            raise zipfile.BadZipFile("it unpacks to far more than its size")
        names = [info.filename.partition("/")[2] for info in infos]
        if len(set(names)) < len(names):
            raise zipfile.BadZipFile("two records have the same name")
        contents = {}
        for name, info in zip(names, infos, strict=True):
            with archive.open(info) as record:
                contents[name] = record.read(info.file_size)  # no more than it says, whatever comes
        return contents


def _records(path: Path) -> dict[str, bytes]:
    """What torch reads."""
    found = {
        name: content
        for name, content in read_zip(path).items()
        if name in _OTHERS or _NUMBERS.fullmatch(name) or _SOURCE.fullmatch(name)
    }
    if missing := [name for name in _OTHERS if name not in found]:
        raise zipfile.BadZipFile(f"it has no {missing[0]}")
    if found["byteorder"] != b"little" or not re.fullmatch(rb"\d{1,3}\n?", found["version"]):
        raise zipfile.BadZipFile("another byte order or version")
    return found


def _values(records: dict[str, bytes], name: str) -> Any:  # noqa: ANN401 (any value)
    folder = name.removesuffix(".pkl")
    sizes = {
        match[2]: len(content)
        for record, content in records.items()
        if (match := _NUMBERS.fullmatch(record)) and match[1] == folder
    }
    return read_values(records[name], sizes)
