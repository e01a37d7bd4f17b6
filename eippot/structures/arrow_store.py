"""Stores: sets of structures that may be larger than memory.

A store is a folder ``<name>.arrow``: files in the format of Arrow IPC, each a shard of some
thousand structures (:mod:`eippot.structures.arrow_columns`), and ``_store.json``, which is written
last and tells the size and checksum of each. Shards are mapped into memory, not read.

No folder takes the place of another in one step. While a store is replaced, the older one is
``.<name>.arrow.before``, and is what is opened under its name as long as there is no other.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ase import Atoms

from eippot.errors import DataError, one_line
from eippot.structures.arrow_columns import import_arrow, to_arrow
from eippot.structures.stored import Shard, StoredStructures, checksum_of

SUFFIX: Final = ".arrow"
_INDEX: Final = "_store.json"
_FORMAT: Final = "eippot structures 1"
#: a shard has at most so many structures, and about so many atoms.
MOST_STRUCTURES: Final = 2**15
MOST_ATOMS: Final = 2**18


class StoreWriter:
    """Writes the shards of a store into a folder that is not one yet; what is there is kept.

    Parameters
    ----------
    folder
        Is made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._shards: list[dict[str, object]] = []

    def add(self, structures: Sequence[Atoms]) -> dict[str, object]:
        """Write the next shard; what the store is to say of it."""
        return self.add_written(self._write(to_arrow(structures)))

    def add_written(self, entry: dict[str, object]) -> dict[str, object]:
        """Take a shard that an earlier process has written."""
        self._shards.append(entry)
        return entry

    def holds(self, entry: dict[str, object]) -> bool:
        """Whether a shard that an earlier process has written is there."""
        path = self._folder / str(entry["name"])
        return path.is_file() and path.stat().st_size == entry["size"]

    def finish(self, path: Path) -> None:
        """Make the store of all shards, in place of one that may be there."""
        names = {entry["name"] for entry in self._shards}
        for left in self._folder.iterdir():  # of a run on more structures
            if left.name not in names:
                left.unlink()
        content = json.dumps({"format": _FORMAT, "shards": self._shards}, indent=1)
        with (self._folder / _INDEX).open("w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._folder.chmod(0o755)
        before = _before(path)
        if path.exists():
            shutil.rmtree(before, ignore_errors=True)
            path.rename(before)
        self._folder.rename(path)
        shutil.rmtree(before, ignore_errors=True)

    def _write(self, batch: Any) -> dict[str, object]:  # noqa: ANN401 (pyarrow has no types)
        name = f"{len(self._shards):05d}{SUFFIX}"
        temporary = self._folder / f".{name}"
        arrow = import_arrow()
        with temporary.open("wb") as file:
            with arrow.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
        with (
            temporary.open("rb") as written,
            mmap.mmap(written.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            size, checksum = len(content), checksum_of(content)
        temporary.replace(self._folder / name)
        return {"name": name, "structures": batch.num_rows, "size": size, "checksum": checksum}


def is_store(path: Path) -> bool:
    """Whether the name is that of a store."""
    return path.suffix == SUFFIX


def open_store(path: Path) -> StoredStructures:
    """Structures of a store.

    Raises
    ------
    DataError
        There is none, or not all of it.
    MissingDependencyError
        pyarrow is not installed.
    """
    import_arrow()
    if not path.exists() and _before(path).exists():
        path = _before(path)
    try:
        found = json.loads((path / _INDEX).read_text())
        if found["format"] != _FORMAT:
            raise ValueError(f"the format {found['format']!r}")
        shards = [
            Shard(path / each["name"], each["structures"], each["size"], each["checksum"])
            for each in found["shards"]
        ]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(
            f"Expected a store of structures in {path}, got {type(error).__name__}: "
            f"{one_line(error)}.",
            f"A store is a whole folder of shards and {_INDEX}, as `eippot label -o many.arrow` "
            "writes it.",
        ) from None
    return StoredStructures.of(*shards)


def _before(path: Path) -> Path:
    """Where a store is while another one takes its place."""
    return path.with_name(f".{path.name}.before")


def write_store(path: Path, structures: Iterable[Atoms]) -> None:
    """Write structures as a store, atomically; only some are in memory at a time.

    Raises
    ------
    DataError
        It cannot be written, or what is there is no store.
    MissingDependencyError
        pyarrow is not installed.
    """
    import_arrow()
    check_replaceable(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DataError(f"Cannot write {path}: {error}") from None
    try:
        writer = StoreWriter(Path(work))
        for part in in_parts(structures):
            writer.add(part)
        writer.finish(path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_replaceable(path: Path) -> None:
    """Refuse to write a store in place of anything else, by a DataError."""
    if path.exists() and not (path / _INDEX).is_file():
        raise DataError(
            f"Expected a store or nothing in {path}, got something else, which is not replaced.",
            "Remove it, or choose another output.",
        )


def in_parts(structures: Iterable[Atoms], most: int | None = None) -> Iterator[list[Atoms]]:
    """Structures for one shard after the other, at most so many (``MOST_STRUCTURES`` if None)."""
    part: list[Atoms] = []
    n_atoms = 0
    for atoms in structures:
        if len(part) >= (most or MOST_STRUCTURES) or (part and n_atoms + len(atoms) > MOST_ATOMS):
            yield part
            part, n_atoms = [], 0
        part.append(atoms)
        n_atoms += len(atoms)
    if part:
        yield part
