"""Worker processes: what a foreign potential does to them costs one structure, and no more."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.eips.base import Outcome, Status
from eippot.eips.frame import Frame
from eippot.eips.pool import WorkerPool
from eippot.eips.schedule import Entry, Schedule
from eippot.eips.source import parse_source
from eippot.errors import EIPError, MissingDependencyError

EMT_ASAP = "kim:EMT_Asap_Standard_JacobsenStoltzeNorskov_1996_Al__MO_623376124862_001"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def _frames(count: int) -> list[Frame]:
    """Pairs of atoms; x of the first tells which structure it is."""
    return [Frame.from_atoms(Atoms("Si2", positions=[[i, 0, 0], [i, 2, 0]])) for i in range(count)]


def _evaluate(
    texts: list[str], count: int, workers: int = 2, time_limit: float = 30.0, give_up: int = 20
) -> dict[Entry, Outcome]:
    before = _children()
    sources = [parse_source(f"eip{i}", text) for i, text in enumerate(texts)]
    entries = [Entry(eip, index) for eip in range(len(texts)) for index in range(count)]
    found: dict[Entry, Outcome] = {}
    with WorkerPool(sources, workers, time_limit, give_up_after=give_up) as pool:
        pool.open_all()
        for batch in pool.evaluate(_frames(count), entries):
            for entry, outcome in batch:
                assert entry not in found
                found[entry] = outcome
    assert set(found) == set(entries)
    assert _children() <= before
    return found


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def _assert_only(found: dict[Entry, Outcome], eip: int, bad: set[int], status: Status) -> None:
    for entry, outcome in found.items():
        if entry.eip == eip and entry.structure in bad:
            assert outcome.status is status
            assert outcome.label is None
            continue
        assert outcome.status is Status.OK
        assert outcome.label is not None
        x = entry.structure
        assert outcome.label.energy == pytest.approx(0.2 * x + 2.0)
        assert outcome.label.forces == pytest.approx(-np.array([[0.1, 0, 0], [0.1, 2, 0]]))


def _faulty(fault: str, at: list[int]) -> str:
    return f"ase:faulty_calculators.Faulty?fault={fault}&at={at}"


@pytest.mark.parametrize(
    ("fault", "words"),
    [("abort", "SIGABRT (free(): invalid pointer)"), ("segfault", "SIGSEGV"), ("exit", "code 0")],
)
def test_a_crash_costs_its_structure_alone(fault: str, words: str) -> None:
    found = _evaluate([_faulty("", []), _faulty(fault, [3])], 20)
    _assert_only(found, 1, {3}, Status.FAILED)
    assert words in found[Entry(1, 3)].reason


def test_a_hang_costs_its_structure_alone() -> None:
    found = _evaluate([_faulty("", []), _faulty("sleep", [5])], 30, time_limit=0.5)
    _assert_only(found, 1, {5}, Status.TIMEOUT)
    assert "no answer in 0.5 s" in found[Entry(1, 5)].reason


def test_a_crash_among_structures_evaluated_together_costs_one() -> None:
    """Quick evaluations: the worker takes many at once before it meets the bad ones."""
    found = _evaluate([_faulty("abort", [40, 300])], 400, workers=1)
    _assert_only(found, 0, {40, 300}, Status.FAILED)


@pytest.mark.parametrize("fault", ["raise", "shape"])
def test_an_exception_costs_its_structure_alone(fault: str) -> None:
    found = _evaluate([_faulty(fault, [0, 1, 29])], 30)
    _assert_only(found, 0, {0, 1, 29}, Status.FAILED)


def test_an_eip_that_always_crashes_is_given_up() -> None:
    found = _evaluate([_faulty("", []), "ase:faulty_calculators.Faulty?fault=abort"], 60, give_up=3)
    _assert_only(found, 1, set(range(60)), Status.FAILED)
    tried = [o for e, o in found.items() if e.eip == 1 and o.seconds is not None]
    assert 3 <= len(tried) <= 5
    untried = [o for e, o in found.items() if e.eip == 1 and o.seconds is None]
    assert "not tried: 3 evaluations in a row" in untried[0].reason


def test_an_eip_that_always_hangs_is_given_up() -> None:
    text = "ase:faulty_calculators.Faulty?fault=sleep"
    found = _evaluate([text], 60, time_limit=0.3, give_up=2)
    _assert_only(found, 0, set(range(60)), Status.TIMEOUT)


def test_a_real_model_that_aborts() -> None:
    pytest.importorskip("kimpy")
    frames = []
    for scale in (1.0, 0.25, 0.6, 1.1):  # at 0.25 a buffer of its neighbors overflows
        atoms = bulk("Al", cubic=True)
        atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
        frames.append(Frame.from_atoms(atoms))
    with WorkerPool([parse_source("emt", EMT_ASAP)]) as pool:
        assert pool.open_all() == [frozenset({"Al"})]
        entries = [Entry(0, i) for i in range(4)]
        found = dict(item for batch in pool.evaluate(frames, entries) for item in batch)
    status = [found[entry].status for entry in entries]
    assert status == [Status.OK, Status.FAILED, Status.OK, Status.OK]
    assert "SIGABRT" in found[entries[1]].reason


def test_sources_that_cannot_be_opened_are_all_named() -> None:
    refusing = "ase:faulty_calculators.RefusesToStart?fault="
    sources = [
        parse_source("good", _faulty("", [])),
        parse_source("aborts", refusing + "abort"),
        parse_source("raises", refusing + "raise"),
        parse_source("misspelt", "ase:faulty_calculators.Fualty"),
        parse_source("number", "ase:faulty_calculators.not_a_calculator"),
    ]
    with WorkerPool(sources) as pool, pytest.raises(EIPError) as caught:
        pool.open_all()
    message = caught.value.message
    assert "EIP `aborts`: It cannot be opened: the worker was killed by SIGABRT." in message
    assert "no parameter file" in message
    assert "has no `Fualty`" in message
    assert "no ASE calculator" in message
    assert "`good`" not in message


def test_each_source_answers_for_itself() -> None:
    sources = [
        parse_source("raises", "ase:faulty_calculators.RefusesToStart?fault=raise"),
        parse_source("good", _faulty("", [])),
    ]
    with WorkerPool(sources) as pool:
        raises, good = pool.open_each()
    assert raises.error is not None
    assert "no parameter file" in raises.error.message
    assert good.error is None


def test_a_source_that_does_not_open_in_time() -> None:
    source = parse_source("hangs", "ase:faulty_calculators.RefusesToStart?fault=sleep")
    with (
        WorkerPool([source], setup_time_limit=1.0) as pool,
        pytest.raises(EIPError, match="EIP `hangs`: It cannot be opened: no answer in 1 s"),
    ):
        pool.open_all()


def test_a_missing_program_keeps_its_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kimpy.py").write_text("raise ImportError('libkim-api.so.2 not found')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        WorkerPool([parse_source("emt", EMT_ASAP)]) as pool,
        pytest.raises(MissingDependencyError, match="libkim-api"),
    ):
        pool.open_all()


def test_workers_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path)
    _evaluate([_faulty("abort", [1])], 5)
    assert list(tmp_path.iterdir()) == []


def test_workers_end_with_the_pool_in_the_middle_of_a_label() -> None:
    before = _children()
    source = parse_source("hangs", _faulty("sleep", [0]))
    with WorkerPool([source], time_limit=60.0) as pool:
        pool.open_all()
        batches = pool.evaluate(_frames(1) * 3, [Entry(0, 0), Entry(0, 1), Entry(0, 2)])
        _interrupt_soon()
        with pytest.raises(KeyboardInterrupt):
            next(batches)
    assert _children() <= before


def test_a_pool_that_is_ended_at_work_starts_no_other_worker() -> None:
    """As a Dask worker does, whose threads are at work when a run is interrupted."""
    before = _children()
    source = parse_source("slow", f"{_faulty('', [])}&seconds=0.03")
    pool = WorkerPool([source])

    def end(entries: Sequence[Entry], packed: bytes) -> None:
        pool.__exit__(None, None, None)

    with pytest.raises(EIPError, match="This pool of worker processes has ended"):
        list(pool.evaluate(_frames(100), [Entry(0, i) for i in range(100)], keep=end))
    assert _children() <= before


def test_portions_follow_the_speed_of_an_eip() -> None:
    schedule = Schedule([Entry(0, i) for i in range(10000)], n_workers=2, give_up_after=0)
    first = schedule.next_portion()
    assert len(first) < 10
    schedule.note(0, [Outcome(Status.OK, seconds=0.001)] * len(first))
    assert 200 < len(schedule.next_portion()) < 400
    schedule.note(0, [Outcome(Status.OK, seconds=10.0)] * 200)
    assert len(schedule.next_portion()) == 1


def test_portions_of_quick_evaluations_do_not_get_tiny() -> None:
    schedule = Schedule([Entry(0, i) for i in range(100)], n_workers=8, give_up_after=0)
    schedule.note(0, [Outcome(Status.OK, seconds=0.0002)])
    assert len(schedule.next_portion()) == 50  # 10 ms, though a share would be 7


def test_how_long_entries_will_take() -> None:
    schedule = Schedule([Entry(0, i) for i in range(100)], n_workers=1, give_up_after=0)
    entries = schedule.next_portion()
    assert schedule.expected_seconds(entries) == float("inf")
    schedule.note(0, [Outcome(Status.OK, seconds=0.5)])
    assert schedule.expected_seconds(entries) == 0.5 * len(entries)
    assert schedule.expected_seconds([]) == 0.0


def test_the_order_is_shuffled_and_reproducible() -> None:
    def order() -> list[Entry]:
        schedule = Schedule([Entry(0, i) for i in range(50)], n_workers=1, give_up_after=0)
        return [entry for _ in range(20) for entry in schedule.next_portion()]

    assert order() == order()
    assert order() != sorted(order())


def test_some_entries_are_done_before_the_others() -> None:
    entries = [Entry(eip, i) for eip in range(2) for i in range(50)]
    first = [Entry(1, 50), Entry(2, 50)]
    schedule = Schedule(entries, n_workers=1, give_up_after=0, first=first)
    portions = [schedule.next_portion() for _ in range(3)]
    assert sorted(portion[0] for portion in portions if portion[0].structure == 50) == first


def test_a_crash_is_tried_again_alone_before_it_is_believed() -> None:
    schedule = Schedule([Entry(0, 0), Entry(0, 1)], n_workers=1, give_up_after=0)
    schedule.next_portion()
    schedule.next_portion()
    assert schedule.crashed(Entry(0, 1), "killed", 1.0) == []
    assert schedule.next_portion() == [Entry(0, 1)]
    [(entry, outcome)] = schedule.crashed(Entry(0, 1), "killed", 1.0)
    assert (entry, outcome.status) == (Entry(0, 1), Status.FAILED)


def _interrupt_soon() -> None:
    threading.Timer(0.7, _thread.interrupt_main).start()
