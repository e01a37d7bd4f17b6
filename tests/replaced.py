"""Replaces a store, killed before each change of files in turn: ``python -m tests.replaced``.

Attempts are forks of this process, as those of :mod:`tests.killed`, and find what the one before
has left. After each, one of the two stores is there under its name, all of it.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from unittest.mock import patch

from ase import Atoms

from eippot.structures import arrow_store
from eippot.structures.io import open_structures, write_structures
from tests.killed import begin

#: what Python tells before it changes files.
_CHANGES: Final = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"}


def _replace(path: Path, structures: Sequence[Atoms], changes: int) -> None:
    """Write a store, but be killed before so many changes and one more."""
    left = itertools.count(changes, -1)

    def count(event: str, arguments: tuple[object, ...]) -> None:
        written = event == "open" and str(arguments[1]) != "rb"
        if (event in _CHANGES or written) and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    write_structures(path, structures)


def main() -> None:
    """Kill so many attempts as there are changes; print the number."""
    path = Path("set.arrow")
    stores = [[Atoms("Si", info={"n": n}) for n in range(count)] for count in (5, 3)]
    sizes = set(map(len, stores))
    write_structures(path, stores[0])
    for changes in itertools.count():
        found = [atoms.info["n"] for atoms in open_structures(path)]
        assert len(found) in sizes, found
        assert found == list(range(len(found)))
        other = stores[0] if len(found) == len(stores[1]) else stores[1]
        _, status = os.waitpid(begin(lambda: _replace(path, other, changes)), 0)  # noqa: B023
        if not os.WIFSIGNALED(status):
            assert status == 0
            assert [atoms.info["n"] for atoms in open_structures(path)] == list(range(len(other)))
            break
    print(f"{changes} kills")


if __name__ == "__main__":
    with patch.object(arrow_store, "MOST_STRUCTURES", 2):
        main()
