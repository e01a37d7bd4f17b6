"""What the README shows works: commands and their output, YAML, ASE and LAMMPS snippets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from eippot.training.run_directory import CONTENTS
from tests.docs.conftest import Walk
from tests.docs.markdown import (
    README,
    ROOT,
    Command,
    blocks,
    commands,
    files_without_a_row,
    without_numbers,
)
from tests.docs.newcomer import invoke
from tests.lammps.engine import succeed, write_structure


@pytest.mark.parametrize("command", commands(README), ids=lambda command: command.line)
def test_command_works_and_prints_what_is_shown(walk: Walk, command: Command) -> None:
    result = walk.results[command.line]
    assert result.ok, result.output
    printed = without_numbers(result.output)
    for line in command.shown:
        assert without_numbers(line) in printed


def test_no_command_stands_twice() -> None:
    lines = [command.line for command in commands(README)]
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("text", blocks(README, "yaml"))
def test_configuration_is_valid(tmp_path: Path, text: str) -> None:
    name = text.splitlines()[0].removeprefix("# ")
    (tmp_path / name).write_text(text)
    result = invoke(["config", "validate", name.removesuffix(".yaml"), str(tmp_path / name)])
    assert result.ok, result.output


@pytest.mark.parametrize("source", blocks(README, "python"))
def test_ase_snippet_runs(walk: Walk, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(walk.folder)
    exec(compile(source, "README.md", "exec"), {})


@pytest.mark.parametrize("script", blocks(README, "lammps"))
def test_lammps_snippet_runs(walk: Walk, script: str) -> None:
    write_structure(walk.folder, bulk("Si", cubic=True), ("Si",))
    assert "self-test     passed" in succeed(walk.folder, script + "run 0\n")


def test_walk_leaves_what_the_diagram_names(walk: Walk) -> None:
    (diagram,) = blocks(README, "text")
    files = "structures.extxyz labelled.extxyz augmented.extxyz stacked.extxyz si.pt"
    for name in files.split():
        assert name in diagram
        assert (walk.folder / name).is_file()
    for name in ("runs/pretrained", "runs/finetune"):
        assert name in diagram
        assert (walk.folder / name / "model.json").is_file()


def test_every_file_is_on_the_page_of_files(walk: Walk) -> None:
    assert files_without_a_row(walk.folder) == []
    page = (ROOT / "docs" / "files.md").read_text()
    assert all(f"`{name}" in page for name in CONTENTS)


def test_keys_of_the_table_are_in_the_files(walk: Walk) -> None:
    written = (walk.folder / "augmented.extxyz").read_text()
    (table,) = (part for part in README.read_text().split("\n\n") if part.startswith("| key |"))
    keys = [row.split("|")[1] for row in table.splitlines()[2:]]
    names = [name.strip().strip("`") for cell in keys for name in cell.split(",")]
    for name in names:
        name = name.replace("…_", "eip_<name>_").replace("<name>", "sw")
        assert name == "config_type" or f"{name}=" in written or f"{name}:" in written, name


def test_demo_table_tells_what_was_measured() -> None:
    text = README.read_text()
    table = text[text.index("<!-- demo table -->") : text.index("<!-- /demo table -->")]
    lines = (ROOT / "benchmarks" / "silicon.jsonl").read_text().splitlines()
    runs = [json.loads(line) for line in lines]
    assert [run["seed"] for run in runs] == [0, 1, 2]
    baseline = np.mean(_measured(runs, "baseline", "energy_mae_per_atom"))
    for strategy in runs[0]["errors"]:
        energy = _measured(runs, strategy, "energy_mae_per_atom")
        forces = _measured(runs, strategy, "forces_mae")
        ratio = f"{energy.mean() / baseline:.2f}"
        assert f"| {strategy} | {_spread(energy)} | {ratio} | {_spread(forces)} |" in table
    for figure in runs[0]["md"].values():
        assert f"{figure:.1e}" in table


def _measured(runs: list[dict[str, Any]], strategy: str, metric: str) -> np.ndarray:
    return np.array([run["errors"][strategy][metric] for run in runs])


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"
