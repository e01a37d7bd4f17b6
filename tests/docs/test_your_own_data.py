"""The walk through one's own data works, from the files of another program to MD and new labels."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import Trajectory, read, write

from tests.docs.markdown import (
    ROOT,
    blocks,
    commands,
    files_without_a_row,
    steps,
    without_numbers,
)
from tests.docs.newcomer import SMALL, Result, run
from tests.lammps.engine import succeed

PAGE = ROOT / "docs" / "your-own-data.md"
AFTER = ROOT / "docs" / "new-labels.md"
SHORT = {"training.steps": SMALL["steps"]}
TINY = {f"model.{name}": SMALL[name] for name in ("channels", "n_max", "l_max")}


def _alloy(seed: int) -> Atoms:
    random = np.random.default_rng(seed)
    atoms = bulk("Ag", a=random.uniform(3.9, 4.15), cubic=True)
    atoms.symbols[:] = random.choice(["Ag", "Pd"], len(atoms))
    atoms.rattle(0.05, seed=seed)
    return atoms


def _computed(atoms: Atoms) -> Atoms:
    atoms.calc = EMT()
    atoms.get_potential_energy()
    return atoms


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Result]]:
    """The page from top to bottom; effective medium theory stands for DFT."""
    folder = tmp_path_factory.mktemp("own")
    results = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "200")
        Path("calculations").mkdir()
        for name, structures in (
            ("atoms", [Atoms(symbol, cell=[12] * 3, pbc=True) for symbol in ("Ag", "Pd")]),
            ("alloy", map(_alloy, range(25))),
        ):
            with Trajectory(Path("calculations") / f"{name}.traj", "w") as file:
                for atoms in structures:
                    file.write(_computed(atoms))
        collecting, dividing, opening, _ = blocks(PAGE, "python")
        exec(compile(collecting + dividing, PAGE.name, "exec"), {})
        for command in commands(PAGE):
            results[command.line] = run(command.line + _small(command.line), folder)
        exec(compile(opening, PAGE.name, "exec"), {})
    return folder, results


def _small(line: str) -> str:
    changes: dict[str, int] = {}
    if re.match(r"eippot (pretrain|finetune|classify) ", line):
        changes |= SHORT
    if re.match(r"eippot (pretrain|classify) ", line):
        changes |= TINY
    return "".join(f" --set {name}={value}" for name, value in changes.items())


def test_every_step_works_and_prints_what_is_shown(walked: tuple[Path, dict[str, Result]]) -> None:
    for command in commands(PAGE):
        result = walked[1][command.line]
        assert result.ok, f"{command.line}\n{result.output}"
        printed = without_numbers(result.output)
        for line in command.shown:
            assert without_numbers(line.split("(")[0]) in printed, command.line


def test_every_file_is_on_the_page_of_files(walked: tuple[Path, dict[str, Result]]) -> None:
    assert (walked[0] / "large.arrow" / "_store.json").exists()
    assert files_without_a_row(walked[0]) == []


def test_isolated_atoms_are_the_zero_of_energy(walked: tuple[Path, dict[str, Result]]) -> None:
    found = json.loads((walked[0] / "runs" / "dft" / "model.json").read_text())
    for symbol, energy in found["reference_energies"].items():
        assert energy == pytest.approx(_computed(Atoms(symbol)).get_potential_energy(), abs=1e-6)


@pytest.mark.filterwarnings("ignore:logm")  # a tiny network strains a cell wildly
def test_what_was_written_runs(
    walked: tuple[Path, dict[str, Result]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(walked[0])
    exec(compile(blocks(PAGE, "python")[3], PAGE.name, "exec"), {})
    assert re.fullmatch(r"\d+ K, -?\d+\.\d+ eV/atom\n", capsys.readouterr().out)
    (script,) = blocks(PAGE, "lammps")
    assert "self-test     passed" in succeed(walked[0], script.replace("run 1000", "run 20"))


@pytest.mark.filterwarnings("ignore:logm", "ignore::eippot.errors.ExtrapolationWarning")
def test_new_labels_are_found_and_learnt(
    walked: tuple[Path, dict[str, Result]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = walked
    monkeypatch.chdir(folder)
    for step in steps(AFTER):
        if isinstance(step, str):
            exec(compile(step.replace("run(20)", "run(1)"), AFTER.name, "exec"), {})
            continue
        if step.line.endswith(" new.extxyz"):
            write("new.extxyz", [_computed(atoms) for atoms in read("ask.extxyz", ":")])
        result = run(step.line + _small(step.line), folder)
        assert result.ok, f"{step.line}\n{result.output}"
    old, new, more = (len(read(f"{name}.extxyz", ":")) for name in ("everything", "new", "more"))
    assert (new, more) == (20, old + 20)
