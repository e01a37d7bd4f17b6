"""Damaged and hostile files are refused in words: no other error, no hang, no blown-up memory."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing import doors
from tests.fuzzing.contents import Contents, sound_contents
from tests.fuzzing.damage import SETTINGS, damaged

#: one content may take so much more memory, and so long.
_BYTES: Final = 3 * 2**30
_SECONDS: Final = 30

DOORS: Final[dict[str, doors.Door]] = {
    "structures": doors.structures,
    "packed_structures": doors.packed_structures,
    "configuration": doors.configuration,
    "summary": doors.summary,
    "card": doors.card,
    "weights": doors.weights,
    "combination": doors.combination,
    "journal": doors.journal,
    "checkpoint": doors.checkpoint,
    "exported": doors.exported,
    "values": doors.record("/data.pkl"),
    "program": doors.record("deployment/exported"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doors")


@pytest.fixture(scope="module")
def contents(folder: Path, exported: Path) -> Contents:
    return sound_contents(folder, exported)


@pytest.fixture(autouse=True)
def bounds() -> Iterator[None]:
    """What is not done in time, or with little memory, is an error of its own."""

    def late(*_: object) -> None:
        raise TimeoutError(f"it has taken more than {_SECONDS} s")

    status = Path("/proc/self/status").read_text()
    (used,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    handler = signal.signal(signal.SIGALRM, late)
    resource.setrlimit(resource.RLIMIT_DATA, (1024 * used + _BYTES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)
    signal.signal(signal.SIGALRM, handler)


def _is_taken(name: str, content: bytes, folder: Path) -> bool:
    signal.alarm(_SECONDS)
    try:
        return doors.is_taken(DOORS[name], content, folder)
    finally:
        signal.alarm(0)


@pytest.mark.parametrize("name", DOORS)
def test_sound_files_are_taken(name: str, contents: Contents, folder: Path) -> None:
    assert _is_taken(name, contents[name], folder)


@pytest.mark.filterwarnings("ignore")  # of libraries, about what they read
@pytest.mark.parametrize("name", DOORS)
@given(data=st.data())
@SETTINGS
def test_others_are_refused_in_words(
    name: str, contents: Contents, folder: Path, data: st.DataObject
) -> None:
    doors.copy_of(folder / "run", folder)
    _is_taken(name, data.draw(damaged(contents[name])), folder)
