"""The journal keeps what was done, whatever happens to the process that wrote it."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.eips.base import EIPLabel, Outcome, Status
from eippot.eips.frame import Frame
from eippot.eips.journal import Journal, entry_keys
from eippot.eips.packing import pack_outcomes
from eippot.eips.source import parse_source
from eippot.errors import DataError

RNG = np.random.default_rng(0)
OUTCOMES = [
    Outcome(Status.OK, "", EIPLabel(-1.5, RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3))), 0.1),
    Outcome(Status.OK, "", EIPLabel(float("nan"), RNG.normal(size=(2, 3)), None), 0.2),
    Outcome(Status.OK, "", EIPLabel(3.0), 0.3),
    Outcome(Status.FAILED, "the density is “wrong”\nhere", None, 0.4),
    Outcome(Status.TIMEOUT, "no answer", None, 10.0),
]
KEYS = [bytes([i]) * 16 for i in range(len(OUTCOMES))]


def _add(journal: Journal, some: slice) -> None:
    journal.add(KEYS[some], pack_outcomes(OUTCOMES[some]))


def _assert_same(one: Outcome, other: Outcome) -> None:
    assert (one.status, one.reason, one.seconds) == (other.status, other.reason, other.seconds)
    if one.label is None or other.label is None:
        assert one.label is other.label
        return
    np.testing.assert_array_equal(one.label.energy, other.label.energy)
    for a, b in ((one.label.forces, other.label.forces), (one.label.stress, other.label.stress)):
        if a is None or b is None:
            assert a is b
        else:
            np.testing.assert_array_equal(a, b)


def test_keeps_every_bit(tmp_path: Path) -> None:
    with Journal(tmp_path / "out.extxyz") as journal:
        _add(journal, slice(2))
        _add(journal, slice(2, None))
    with Journal(tmp_path / "out.extxyz") as journal:
        assert list(journal.outcomes) == KEYS
        for key, outcome in zip(KEYS, OUTCOMES, strict=True):
            _assert_same(journal.outcomes[key], outcome)


@pytest.mark.parametrize("lost", [1, 10, 200])
def test_a_torn_end_is_cut_off(tmp_path: Path, lost: int) -> None:
    output = tmp_path / "out.extxyz"
    with Journal(output) as journal:
        _add(journal, slice(2))
        _add(journal, slice(2, None))
    file = output.with_name("out.extxyz.journal") / "outcomes"
    file.write_bytes(file.read_bytes()[:-lost])
    with Journal(output) as journal:
        assert list(journal.outcomes) == KEYS[:2]
        _add(journal, slice(2, None))
    with Journal(output) as journal:
        assert len(journal.outcomes) == 5


def test_noise_in_the_file_is_no_outcome(tmp_path: Path) -> None:
    output = tmp_path / "out.extxyz"
    with Journal(output) as journal:
        _add(journal, slice(2))
        _add(journal, slice(2, None))
    file = output.with_name("out.extxyz.journal") / "outcomes"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    with Journal(output) as journal:
        assert len(journal.outcomes) == 2


def test_two_runs_into_one_output_are_an_error(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "out.extxyz"),
        pytest.raises(DataError, match="Another run is writing"),
    ):
        Journal(tmp_path / "out.extxyz")
    with Journal(tmp_path / "out.extxyz"):
        pass


def test_a_run_that_did_nothing_leaves_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "out.extxyz"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_folders_of_killed_workers_are_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "out.extxyz.journal" / "eippot-worker-abc"
    left.mkdir(parents=True)
    (left / "board").touch()
    with Journal(tmp_path / "out.extxyz"):
        assert not left.exists()


def test_forgetting(tmp_path: Path) -> None:
    with Journal(tmp_path / "out.extxyz") as journal:
        _add(journal, slice(None))
        journal.forget()
        _add(journal, slice(1))
    with Journal(tmp_path / "out.extxyz") as journal:
        assert len(journal.outcomes) == 1


def test_keys_are_equal_where_the_label_must_be() -> None:
    atoms = bulk("Si")
    changes = [atoms.copy() for _ in range(5)]
    changes[0].positions[0, 0] += 1e-9
    changes[1].cell[0, 0] += 1e-9
    changes[2].pbc = False
    changes[3].numbers[0] = 6
    changes[4].info["note"] = "an EIP does not see this"
    frames = [Frame.from_atoms(a) for a in [atoms, *changes]]
    sources = [parse_source("a", "kim:A"), parse_source("b", "kim:A"), parse_source("c", "kim:C")]
    keys = entry_keys(frames, sources, derivatives=True)
    assert len(set(keys[0])) == 5
    assert keys[0][0] == keys[0][5]
    assert keys[0] == keys[1]
    assert not set(keys[0]) & set(keys[2])
    assert not set(keys[0]) & set(entry_keys(frames, sources, derivatives=False)[0])


def test_frames_are_what_an_eip_sees() -> None:
    atoms = Atoms("SiC", positions=[[0, 0, 0], [1, 2, 3]], cell=[4, 5, 6], pbc=(1, 0, 1))
    assert Frame.from_atoms(atoms).to_atoms() == atoms


@pytest.mark.parametrize("payload", [b"", b"\xff" * 100, (2**40).to_bytes(8, "little") + b"x" * 99])
def test_a_journal_of_something_else_is_refused(tmp_path: Path, payload: bytes) -> None:
    folder = tmp_path / "out.extxyz.journal"
    folder.mkdir()
    numbers = len(payload).to_bytes(8, "little"), zlib.crc32(payload).to_bytes(4, "little")
    (folder / "outcomes").write_bytes(b"".join((b"EIJ2", *numbers, payload)))
    for _ in range(2):  # and it is not held
        with pytest.raises(DataError, match="is damaged"):
            Journal(tmp_path / "out.extxyz")
