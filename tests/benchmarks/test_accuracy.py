"""The benchmark of accuracy divides fairly, does nothing twice, and says what was measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from benchmarks.accuracy import data, strategies
from benchmarks.accuracy.errors import energy_errors
from benchmarks.accuracy.figure import FIGURE, STYLES, draw
from benchmarks.accuracy.pipeline import Pipeline, validation_score
from benchmarks.accuracy.report import PAGE, forecasts, summary, tables, with_tables
from benchmarks.accuracy.runs import RESULTS, Group, run_missing
from benchmarks.pages import read_lines
from eippot.data.sources import (
    eip_energies,
    eip_names,
    reference_energies_of,
)
from eippot.structures.io import read_structures, write_structures
from tests.synthetic import labelled_structures

#: a pool like that of the benchmark, whose worker tells its number and then works for long.
_PROGRAM = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from benchmarks.accuracy.runs import _end_with_parent

def work():
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _end_with_parent) as pool:
        pool.submit(work).result()
"""
NAMES = ("training", "validation", "test")


def _numbers(structures: list[Atoms], labelled: bool) -> set[int]:
    chosen = [atoms for atoms in structures if ("REF_energy" in atoms.info) == labelled]
    return {atoms.info["n"] for atoms in chosen if "n" in atoms.info}


def test_a_division_keeps_its_test_structures(work: Path) -> None:
    """Whatever the number of labels; and of validation there are no more than of training."""
    tested = []
    for labels in (5, 15):
        division = data.divide(data.SETS["tiny"], labels, 0, work)
        parts = dict(zip(NAMES, division.structures(), strict=True))
        trained, pool = (_numbers(parts["training"], labelled) for labelled in (True, False))
        validated, test = (_numbers(parts[name], True) for name in ("validation", "test"))
        sets = [trained, pool, validated, test]
        assert sum(map(len, sets)) == len(set.union(*sets)), "no structure in two parts"
        assert division.provenance["training_labels"] == labels
        assert len(parts["validation"]) == min(labels, 7)
        assert not any(k.startswith("REF_") for a in parts["training"][labels:] for k in a.arrays)
        tested.append((test, trained))
    assert tested[0][0] == tested[1][0]
    assert tested[0][1] < tested[1][1], "more labels are those and others"


def test_forces_are_not_shown_where_energies_teach_alone(work: Path) -> None:
    """Those of DFT, to train and to validate on; tests measure them."""
    group = Group("tiny", "schnet", "paper", 10, 0)
    training, validation, test = group.division(work).structures()
    assert not any("REF_forces" in atoms.arrays for atoms in training + validation)
    assert all("REF_energy" in atoms.info for atoms in training[:10] + validation)
    assert all("eip_far_forces" in atoms.arrays for atoms in training)
    assert all("REF_forces" in atoms.arrays for atoms in test)


def test_a_small_pool_gets_copies(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many rounds of them as it takes, none of a test structure, all labelled."""
    silicon = [bulk("Si", "diamond", a=a) for a in np.linspace(5.2, 5.7, 20)]
    for n, atoms in enumerate(silicon):
        atoms.info |= {"REF_energy": -float(n), "config_type": f"{n}"}
    monkeypatch.setitem(data.SETS, "few", data.DataSet("few", "silicon", Path("none")))
    write_structures(tmp_path / "few" / "labelled.extxyz", silicon)
    division = data.divide(data.SETS["few"], 4, 0, work, least=30)
    training, validation, test = division.structures()
    copies = training[13:]
    assert len(copies) == division.provenance["copies"] == 2 * 13
    origins = {atoms.info["config_type"] for atoms in copies}
    assert not origins & {atoms.info["config_type"] for atoms in validation + test}
    assert not any("REF_energy" in atoms.info for atoms in training[4:])
    assert all(len(eip_names([atoms])) == 8 for atoms in copies)


def test_errors_of_energies() -> None:
    found = energy_errors(np.array([0.001, -0.002, 0.003, np.nan]), np.array([2, 1, 4, 1]))
    per_atom = {"energy_mae": 2.0, "energy_median": 2.0, "energy_p90": 2.8}
    assert found == pytest.approx(per_atom | {"energy_mae_of_structures": 16 / 3})


def test_runs_are_done_once(work: Path, tiny_group: Group) -> None:
    candidates = ["+MP", "+MP anchored", "+MP taught"]
    others = ["best EIP", "combination", "delta", "+true best EIP", "+DFT"]
    names = [*others, *candidates, "best"]
    results = work / "results.jsonl"
    tiny_group.run(names, work, results)
    lines = read_lines(results)
    assert [line["strategy"] for line in lines] == names
    assert all(line["energy_mae"] > 0 and line["test_structures"] == 8 for line in lines)
    pipeline = tiny_group.pipeline(work)
    scores = {name: validation_score(strategies.TRAINED[name].run(pipeline)) for name in candidates}
    errors = {line["strategy"]: line["energy_mae"] for line in lines}
    assert errors["best"] == errors[min(scores, key=lambda name: scores[name])]
    assert len({errors[name] for name in candidates}) == 3
    assert lines[0]["settings"] != Group("tiny", "schnet", "paper", 10, 0).provenance()["settings"]
    assert tiny_group.missing([*names, "baseline"], lines) == ["baseline"]
    run_missing([tiny_group], names, work, 1, results)
    assert read_lines(results) == lines
    before = pipeline.pretrained() / "model.safetensors"
    changed = before.stat().st_mtime_ns
    assert (pipeline.pretrained() / "model.safetensors").stat().st_mtime_ns == changed


def test_a_worker_ends_with_its_program(tmp_path: Path) -> None:
    """Killed at once, it cannot tell its workers."""
    script = tmp_path / "program.py"
    script.write_text(_PROGRAM)
    environment = os.environ | {"PYTHONPATH": str(data.ROOT)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env=environment, text=True
    ) as program:
        assert program.stdout is not None
        worker = int(program.stdout.readline())
        program.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_hidden_labels_are_revealed(work: Path) -> None:
    """As weak labels: of DFT itself, or of the EIP that is closest to it; never of copies."""
    division = data.divide(data.SETS["tiny"], 15, 0, work)
    hidden = read_structures(division.hidden)
    truth = reference_energies_of(hidden)
    pipeline = Pipeline(division, "schnet", 0, "paper", {})
    revealed = {
        teller: read_structures(pipeline.revealed(teller))[15:]
        for teller in ("DFT", "true best EIP")
    }
    told = {t: np.array([a.info["weak_energy"] for a in found]) for t, found in revealed.items()}
    np.testing.assert_allclose(told["DFT"], truth)
    np.testing.assert_allclose(
        revealed["DFT"][0].arrays["weak_forces"], hidden[0].arrays["REF_forces"]
    )
    off = np.abs(eip_energies(hidden, eip_names(hidden)) - truth[:, None])
    np.testing.assert_allclose(np.abs(told["true best EIP"] - truth), off.min(axis=1))


def test_sets_are_read_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the paper in its formats, too; a missing one is named."""
    monkeypatch.setenv("EIPPOT_DATA", str(tmp_path))
    write_structures(tmp_path / "KIM-Si.xyz", labelled_structures(n_labelled=3)[:3])
    assert len(data.SETS["KIM-Si"].structures()) == 3
    with h5py.File(tmp_path / "ANI-Al.h5", "w") as file:
        file.create_dataset("one/species", data=[b"Al"] * 2)
        file.create_dataset("one/coordinates", data=np.arange(12.0).reshape(2, 2, 3))
        file.create_dataset("one/cell", data=np.tile(8.0 * np.eye(3), (2, 1, 1)))
        file.create_dataset("one/energy", data=[-1.0, -2.0])
    assert reference_energies_of(data.SETS["ANI-Al"].structures()).tolist() == [-1.0, -2.0]
    system = tmp_path / "AgAu" / "bulk" / "set.000"
    system.mkdir(parents=True)
    (system.parent / "type.raw").write_text("0 1\n")
    (system.parent / "type_map.raw").write_text("Ag\nAu\n")
    np.save(system / "coord.npy", np.arange(6.0)[None])
    np.save(system / "box.npy", 8.0 * np.eye(3).reshape(1, 9))
    np.save(system / "energy.npy", np.array([-3.0]))
    (alloy,) = data.SETS["AgAu"].structures()
    assert alloy.get_chemical_symbols() == ["Ag", "Au"]
    rattled = labelled_structures(n_labelled=3)[:3]
    rattled[1].info["config_type"] = "phonon_hessian"
    write_structures(tmp_path / "AgPd.extxyz.xz", rattled)
    assert len(data.SETS["AgPd"].structures()) == 2
    with pytest.raises(SystemExit, match="Cu_ACE"):
        data.SETS["Cu_ACE"].structures()


def test_the_paper_has_no_preset_of_the_stack(work: Path) -> None:
    """Its strategies use ours."""
    division = data.divide(data.SETS["tiny"], 15, 0, work)
    augmented = Pipeline(division, "schnet", 0, "paper", {}).stacked("combination")
    assert sum("weak_energy" in atoms.info for atoms in read_structures(augmented)) > 0


def test_the_summary_has_means() -> None:
    line = {"set": "Cu", "model": "schnet", "labels": 100}
    lines = [
        line | {"strategy": strategy, "seed": seed, "energy_mae": energy, "forces_mae": 30.0}
        for strategy, energies in {"baseline": (10.0, 20.0), "combination": (3.0, 4.0)}.items()
        for seed, energy in enumerate(energies)
    ]
    assert list(summary(lines)) == [
        "accuracy: Cu schnet m=100 baseline 15.0/30 ridge 3.5/30 meV/atom / meV/Å"
    ]


def test_the_page_has_what_was_measured() -> None:
    page, lines = PAGE.read_text(), read_lines(RESULTS)
    assert page == with_tables(page, lines)
    assert f"| {lines[0]['strategy']} |" in page


def test_the_figure_shows_strategies_and_sets(tmp_path: Path) -> None:
    """All that have a line, and no other."""
    draw(read_lines(RESULTS), tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text()
    assert drawn.startswith("<?xml")
    sets = {line["set"] for line in read_lines(RESULTS)}
    for name in (*STYLES, *(name for name in sets if not data.SETS[name].all)):
        assert f"<!-- {name} -->" in drawn
    assert FIGURE.exists()


def test_a_table_compares_on_the_same_splits() -> None:
    """A second split of the baseline alone changes its mean, and no comparison."""
    counts = {"validation_labels": 9, "pool": 1, "copies": 0, "test_structures": 2}
    line = {"set": "Cu", "model": "schnet", "preset": "paper", "labels": 9, "forces_mae": None}
    errors = {("+MP", 0): 5.0, ("baseline", 0): 10.0, ("baseline", 1): 30.0}
    lines = [
        line | counts | {"strategy": strategy, "seed": seed, "energy_mae": energy}
        for (strategy, seed), energy in errors.items()
    ]
    *_, baseline, pretrained = tables(lines).splitlines()
    assert baseline == "| baseline | 20.0 ± 14.1 | – | – | – | – | 2 |"
    assert pretrained == "| +MP | 5.0 (−50 %) | – | – | – | – | 1 |"


def test_forecasts_stand_beside_gains() -> None:
    line = {"set": "Cu", "model": "schnet", "preset": "default", "labels": 9, "seed": 0}
    found = {
        "combination": {"energy_mae": 8.0, "forces_mae": 8.0, "spread": 50.0, "known": 0.844},
        "baseline": {"energy_mae": 10.0, "forces_mae": 40.0},
        "+MP": {"energy_mae": 5.0, "forces_mae": 30.0},
    }
    lines = [line | {"strategy": strategy} | errors for strategy, errors in found.items()]
    assert forecasts(lines).splitlines()[2] == "| Cu, schnet, 9 | 50 | 84 % | −50 % | −25 % |"
    assert len(forecasts(lines[:2]).splitlines()) == 2
