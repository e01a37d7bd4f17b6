"""The speed benchmark: how it talks to contestants, takes turns, and what it says in the end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.pages import read_lines
from benchmarks.speed import campaign as campaigns
from benchmarks.speed.campaign import Campaign
from benchmarks.speed.cases import DEEPMD, OWN_SCHNET, SCHNETPACK, Case, Contestant, all_cases
from benchmarks.speed.environments import PEERS
from benchmarks.speed.figure import draw
from benchmarks.speed.labelling import labelling_summary
from benchmarks.speed.process import ContestantError, ContestantProcess
from benchmarks.speed.report import PAGE, core_of, page
from benchmarks.speed.results import RESULTS, Results, summary
from benchmarks.speed.roofline import Core, schnet_work

FAKE = "tests.benchmarks.fake"


@pytest.fixture()
def process(tmp_path: Path) -> Any:
    started = ContestantProcess(Path(sys.executable), FAKE, 1, tmp_path / "log")
    yield started
    started.stop()


def test_a_contestant_prepares_and_measures(process: ContestantProcess) -> None:
    assert process.prepare("counting", {"factor": 10}, timeout=30) == {"prepared": True}
    assert [process.measure(0.1, timeout=30) for _ in range(2)] == [10.0, 20.0]


def test_a_contestant_says_why_it_cannot_and_goes_on(process: ContestantProcess) -> None:
    with pytest.raises(ContestantError, match="^ValueError: not with me$"):
        process.prepare("failing", {}, timeout=30)
    with pytest.raises(ContestantError, match="nothing is prepared"):
        process.measure(0.1, timeout=30)
    process.prepare("counting", {"factor": 1}, timeout=30)
    assert process.measure(0.1, timeout=30) == 1.0


def test_a_contestant_that_cannot_be_imported_says_so(tmp_path: Path) -> None:
    process = ContestantProcess(Path(sys.executable), "tests.benchmarks.none", 1, tmp_path / "log")
    with pytest.raises(ContestantError, match="ModuleNotFoundError"):
        process.prepare("counting", {}, timeout=30)
    process.stop()


def contestant(name: str, factor: float, environment: str = "") -> Contestant:
    return Contestant(name, environment, "fake", ("numpy",), {"factor": factor})


def test_contestants_take_turns_and_are_not_measured_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[str] = []

    class Fake:
        def __init__(self, python: Path, module: str, threads: int, log: Path) -> None:
            self.factor = 0.0

        def prepare(self, kind: str, setting: dict[str, Any], timeout: float) -> dict[str, Any]:
            self.factor = setting["factor"]
            return {}

        def measure(self, seconds: float, timeout: float) -> float:
            turns.append(f"{self.factor:g}")
            return self.factor

        def stop(self) -> None:
            turns.append("stop")

    monkeypatch.setattr(campaigns, "ContestantProcess", Fake)
    monkeypatch.setenv("EIPPOT_BENCH_PEERS", str(tmp_path))
    results = tmp_path / "results.jsonl"
    who = (contestant("a", 1), contestant("b", 2), contestant("c", 3, "absent"))
    case = Case("counting", {"atoms": 8}, who, "s", seconds=100.0)
    Campaign(results, tmp_path / "log", False, lambda line: None).run([case])
    assert turns == ["1", "2"] * campaigns.MOST_ROUNDS + ["stop", "stop"]
    lines = read_lines(results)
    assert [line["values"][:1] for line in lines] == [[1.0], [2.0], []]
    assert lines[2]["error"] == "not installed (make bench-peers)"
    Campaign(results, tmp_path / "log", False, lambda line: None).run([case])
    assert read_lines(results) == lines


def line(kind: str, who: Contestant, value: float, **setting: object) -> str:
    found = {
        "kind": kind,
        "setting": setting,
        "contestant": who.name,
        "versions": {"program": "1.2.3"},
        "machine": {"processor": "abacus", "cores": 2, "memory": 1, "system": "Linux"},
        "values": [value, value, 100 * value],
        "unit": "µs/atom/step",
        "facts": {},
        "error": None,
    }
    return json.dumps(found)


@pytest.fixture()
def results(tmp_path: Path) -> Results:
    lines = [
        line("lammps", OWN_SCHNET, 99.0, atoms=4096, ranks=1),
        line("lammps", OWN_SCHNET, 10.0, atoms=4096, ranks=1),
        line("lammps", OWN_SCHNET, 5.0, atoms=4096, ranks=2),
        line("lammps", DEEPMD, 45.0, atoms=4096, ranks=1),
        line("ase", SCHNETPACK, 300.0, atoms=512),
        line("multiply-adds", Contestant("one core", "", "core", ()), 5e10),
        line("bandwidth", Contestant("one core", "", "core", ()), 1e10),
    ]
    failed = json.loads(line("ase", SCHNETPACK, 1.0, atoms=64))
    lines.append(json.dumps(failed | {"values": [], "error": "too old"}))
    (tmp_path / "results.jsonl").write_text("\n".join(lines) + "\n")
    return Results(tmp_path / "results.jsonl")


def test_the_last_lines_tell_figures_and_ratios(results: Results) -> None:
    lines = summary(results)
    schnet = "speed: MD, SchNet-128×3 compressed, LAMMPS, 4,096 atoms, one core: 10 µs/atom/step"
    assert f"{schnet} 30.00 to SchNetPack SchNet-128×3 in ASE, 512 atoms" in lines
    assert f"{schnet} 4.50 to DeePMD-kit se_e2_a, compressed" in lines
    assert (
        f"{schnet.replace('one core', 'two ranks').replace('10 µ', '5 µ')} 2.00 to one core"
        in lines
    )
    assert "not measured: SchNetPack SchNet-128×3, ase atoms 64: too old" in lines
    assert "speed: eippot --help: missing" in lines


def test_the_report_has_what_was_measured(results: Results, tmp_path: Path) -> None:
    text = page(PAGE.read_text(), results, ["speed: labelling 7 structures/s"])
    assert "| DeePMD-kit se_e2_a, compressed | 45 |" in text
    assert "| SchNetPack SchNet-128×3 | – | 300 |" in text
    assert "- labelling 7 structures/s" in text
    assert "- abacus, 2 cores, 1 GB\n- program 1.2.3\n- not measured: SchNetPack" in text
    draw(results, core_of(results), tmp_path / "figure.svg")
    assert "<svg" in (tmp_path / "figure.svg").read_text()


def test_the_page_tells_what_was_measured() -> None:
    text = PAGE.read_text()
    assert page(text, Results(RESULTS), labelling_summary(RESULTS)) == text


def test_floors_of_a_core() -> None:
    work = schnet_work()
    assert work.matrix_products == 2 * (7 * 128**2 + 128 * 64)
    assert work.edges == 28 * 3 * 128 * 12
    arithmetic, memory = Core(1e9, 1e9).floors(work)
    assert arithmetic == pytest.approx(1e-3 * (work.matrix_products + work.edges))
    assert memory == pytest.approx(1e-3 * work.bytes)


def test_every_contestant_has_its_script_and_its_environment() -> None:
    folder = Path(campaigns.__file__).with_name("contestants")
    peers = json.loads(PEERS.read_text())
    for case in all_cases():
        names = [each.name for each in case.contestants]
        assert len(set(names)) == len(names)
        for each in case.contestants:
            assert (folder / f"{each.script}.py").is_file()
            assert each.environment in {"", *peers}
