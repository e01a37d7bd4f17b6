"""Labelling into a store, part by part: the same labels, whatever happens meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot.config.label import LabelConfig
from eippot.eips.base import Status
from eippot.eips.table import LabelProgress
from eippot.errors import DataError, EIPError
from eippot.stages.label import run
from eippot.structures.io import read_structures, write_structures

EIPS = {
    "spring": "ase:faulty_calculators.Faulty",
    "nan": "ase:faulty_calculators.Faulty?fault=nan&at=[5,41]",
}
COUNT = 50


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "eips"))
    monkeypatch.setattr("eippot.stages.label_parts._MOST_LABELS", 1)
    monkeypatch.setattr("eippot.stages.label_parts._FEWEST_STRUCTURES", 20)


def _config(folder: Path, name: str, **changes: object) -> LabelConfig:
    paths = {"input": folder / "in.extxyz", "output": folder / name, "workers": 1}
    return LabelConfig.model_validate({"eips": EIPS} | paths | changes)


def _pairs() -> list[Atoms]:
    structures = [Atoms("Si2", positions=[[i, 0, 0], [i, 2, 0]]) for i in range(COUNT)]
    for index, atoms in enumerate(structures):
        atoms.info |= {"n": index, "REF_energy": -1.0 + 0.2 * index}
    return structures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_structures(tmp_path / "in.extxyz", _pairs())
    return tmp_path


def _expect_same_labels(store: Path, file: Path) -> None:
    for one, other in zip(read_structures(store), read_structures(file), strict=True):
        assert one.info.keys() == other.info.keys()
        assert one.arrays.keys() == other.arrays.keys()
        for key, value in other.info.items():
            assert one.info[key] == pytest.approx(value), key
        for key, array in other.arrays.items():
            np.testing.assert_allclose(one.arrays[key], array, atol=1e-8)


def test_a_store_has_the_labels_that_a_file_has(folder: Path) -> None:
    reports: list[LabelProgress] = []
    stored = run(_config(folder, "out.arrow"), reports.append)
    failures = stored.failures.read_text()
    kept = run(_config(folder, "out.extxyz"))
    _expect_same_labels(stored.output, kept.output)
    assert len(list(stored.output.glob("*.arrow"))) == 3
    assert kept.failures.read_text() == failures
    assert failures.count(",not finite,") == 2
    for one, other in zip(stored.eips, kept.eips, strict=True):
        assert one.counts == other.counts
        assert one.energy_mae_per_atom == pytest.approx(other.energy_mae_per_atom)
    assert (stored.n_structures, stored.n_labels) == (kept.n_structures, kept.n_labels)
    assert [r.done for r in reports] == sorted(r.done for r in reports)
    assert reports[-1] == LabelProgress(2 * COUNT, 2 * COUNT, 0)
    assert {r.total for r in reports} == {2 * COUNT}
    again = run(_config(folder, "again.arrow", input=stored.output, eips={"new": EIPS["spring"]}))
    assert {"eip_new_energy", "eip_spring_energy"} <= read_structures(again.output)[9].info.keys()


def _interrupted(config: LabelConfig, after: int) -> None:
    def interrupt(progress: LabelProgress) -> None:
        if progress.done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(config, interrupt)
    assert not config.output.exists()


def test_an_interrupted_run_goes_on_after_whole_parts(folder: Path) -> None:
    log = folder / "log"
    log.touch()
    logged = {"one": f"ase:faulty_calculators.Faulty?log={log}"}
    config = _config(folder, "out.arrow", eips=logged)
    _interrupted(config, 45)
    before = len(log.read_text().splitlines())
    result = run(config)
    assert result.already_done >= 45
    # an isolated atom, and what the interrupted worker had not yet told
    assert len(log.read_text().splitlines()) - before <= COUNT - 45 + 4
    assert [a.info["n"] for a in read_structures(result.output)] == list(range(COUNT))
    assert not (folder / "out.arrow.journal").exists()


def test_parts_that_have_changed_are_labelled_anew(folder: Path) -> None:
    config = _config(folder, "out.arrow")
    _interrupted(config, 90)
    structures = _pairs()
    structures[3].info["REF_energy"] = 7.0
    write_structures(folder / "in.extxyz", structures)
    result = run(config)
    assert read_structures(result.output)[3].info["REF_energy"] == 7.0
    assert result.already_done >= 40
    _interrupted(other := _config(folder, "other.arrow"), 90)
    assert run(other, restart=True).already_done == 0


def test_fewer_structures_than_before_leave_nothing_behind(folder: Path) -> None:
    config = _config(folder, "out.arrow")
    _interrupted(config, 90)
    write_structures(folder / "in.extxyz", _pairs()[:20])
    result = run(config)
    assert sorted(file.name for file in result.output.iterdir()) == ["00000.arrow", "_store.json"]
    assert len(read_structures(result.output)) == 20


def test_an_eip_that_is_given_up_stays_so(folder: Path) -> None:
    eips = {"dead": "ase:faulty_calculators.Faulty?fault=exit&at=[" + _numbers(range(50)) + "]"}
    result = run(_config(folder, "out.arrow", eips=eips, give_up_after=2))
    assert result.eips[0].counts[Status.FAILED] == COUNT
    reasons = result.failures.read_text()
    assert reasons.count("not tried") == COUNT - 2


def _numbers(numbers: range) -> str:
    return ",".join(map(str, numbers))


def test_nothing_is_left_of_a_run_that_has_done_nothing(folder: Path) -> None:
    with pytest.raises(EIPError):
        run(_config(folder, "out.arrow", eips={"absent": "ase:faulty_calculators.Absent"}))
    assert sorted(path.name for path in folder.iterdir()) == ["in.extxyz"]


def test_what_cannot_be_read_costs_no_store(folder: Path) -> None:
    before = run(_config(folder, "out.arrow")).output
    with (folder / "in.extxyz").open("a") as file:
        file.write("2\nProperties=species:S:1:pos:R:3\nSi 0 0\n")
    with pytest.raises(DataError):
        run(_config(folder, "out.arrow"))
    assert len(read_structures(before)) == COUNT
