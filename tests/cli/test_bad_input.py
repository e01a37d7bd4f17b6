"""Bad input ends in one readable block that says what is wrong, and a non-zero exit code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot.structures.io import read_structures, write_structures
from eippot.testing.structures import periodic
from tests.cli.arguments import SHORT, TINY
from tests.cli.conftest import Outcome, Program
from tests.pipeline import Pipeline

TRAINING = ["pretrain", "classify", "finetune"]
every_training = pytest.mark.parametrize("command", TRAINING)


def _assert_refused(found: Outcome, *words: str) -> None:
    assert found.code == 1
    assert "eippot: error" in found.block
    assert "Traceback" not in found.err + found.out
    for word in words:
        assert word in found.block


def _train(eippot: Program, command: str, folder: Path, *arguments: object) -> Outcome:
    """Run a training command that must leave nothing behind."""
    paths = ["-o", folder / "out"] + (["--run", folder / "run"] if command == "classify" else [])
    short = () if command == "stack" else SHORT
    found = eippot(command, *paths, *short, *arguments)
    assert not (folder / "out").exists()
    assert not (folder / "run").exists()
    return found


def _file(folder: Path, structures: list[Atoms]) -> Path:
    write_structures(folder / "data.extxyz", structures)
    return folder / "data.extxyz"


@every_training
def test_missing_file(eippot: Program, tmp_path: Path, command: str) -> None:
    found = _train(eippot, command, tmp_path, "-s", "absent.extxyz")
    _assert_refused(found, "No structure file at absent.extxyz")


@every_training
def test_garbage(eippot: Program, tmp_path: Path, command: str) -> None:
    (tmp_path / "data.extxyz").write_text("once upon a time\nthere was no structure\n")
    found = _train(eippot, command, tmp_path, "-s", tmp_path / "data.extxyz")
    _assert_refused(found, "cannot be read as a structure file")


@every_training
def test_no_energy(eippot: Program, tmp_path: Path, command: str) -> None:
    structures = _file(tmp_path, [periodic()] * 4)
    found = _train(eippot, command, tmp_path, "-s", structures)
    _assert_refused(found, "Expected structures with a DFT energy", "REF_energy")


@every_training
def test_positions_that_are_not_finite(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, command: str
) -> None:
    structures = read_structures(pipeline.labelled)
    structures[3].positions[0, 2] = np.nan
    found = _train(eippot, command, tmp_path, "-s", _file(tmp_path, structures))
    _assert_refused(found, "Expected finite positions", "atom 0 of structure 3")


@pytest.mark.parametrize("command", ["pretrain", "classify"])
def test_unknown_eip(eippot: Program, pipeline: Pipeline, tmp_path: Path, command: str) -> None:
    found = _train(eippot, command, tmp_path, "-s", pipeline.labelled, "--set", "eips=[edip]")
    _assert_refused(found, "Expected EIPs among far, twin, got edip")


@pytest.mark.parametrize("command", ["classify", "stack", "finetune"])
def test_unknown_element(eippot: Program, pipeline: Pipeline, tmp_path: Path, command: str) -> None:
    other = periodic()
    other.symbols[0] = "Ge"
    structures = _file(tmp_path, [*read_structures(pipeline.labelled), other])
    pretrained = pipeline.directory / "pretrained"
    found = _train(eippot, command, tmp_path, "-s", structures, "--pretrained", pretrained)
    _assert_refused(found, "Expected only C, Si", "got Ge")


@pytest.mark.parametrize("command", ["classify", "stack", "finetune"])
@pytest.mark.parametrize("damage", ["missing", "weights", "card", "version"])
def test_corrupted_pretrained_model(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, command: str, damage: str
) -> None:
    broken = _broken_run(pipeline.directory / "pretrained", tmp_path / "broken", damage)
    found = _train(eippot, command, tmp_path, "-s", pipeline.labelled, "--pretrained", broken)
    _assert_refused(found)


def _broken_run(run: Path, target: Path, damage: str) -> Path:
    target.mkdir()
    for name in ("model.json", "model.safetensors"):
        (target / name).write_bytes((run / name).read_bytes())
    card = target / "model.json"
    if damage == "missing":
        card.unlink()
    elif damage == "card":
        card.write_text(card.read_text()[:-30])
    elif damage == "version":
        card.write_text(card.read_text().replace('"format_version": 1', '"format_version": 7'))
    else:
        (target / "model.safetensors").write_bytes(b"\x00" * 100)
    return target


@pytest.mark.parametrize("damage", ["missing", "weights", "card", "version"])
def test_export_of_a_corrupted_run(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, damage: str
) -> None:
    broken = _broken_run(pipeline.directory / "run", tmp_path / "broken", damage)
    _assert_refused(eippot("export", broken, "-o", tmp_path / "model.pt"), str(broken))
    assert not (tmp_path / "model.pt").exists()


def test_export_of_a_classifier(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    found = eippot("export", pipeline.directory / "classifier", "-o", tmp_path / "model.pt")
    _assert_refused(found, "classifier", "eippot finetune")


@every_training
def test_a_typo_in_the_file(eippot: Program, tmp_path: Path, command: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("training: {schedule: {rat: 0.1}}\n")
    found = _train(eippot, command, tmp_path, config, "-s", "a.xyz")
    known = "final, kind, rate, ratio, warmup"
    _assert_refused(found, f"training.schedule.rat: unknown name; known here: {known}")


@every_training
def test_yaml_that_is_none(eippot: Program, tmp_path: Path, command: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("data: [\n")
    _assert_refused(_train(eippot, command, tmp_path, config), "not readable as YAML")


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("training.epochs", "Expected --set NAME=VALUE"),
        ("=3", "Expected --set NAME=VALUE"),
        ("training.epochs=", "Expected --set NAME=VALUE"),
        ("training.epochs=many", "training.epochs: Input should be a valid integer"),
        ("training.epochs=[", "the value is not YAML"),
        ("trianing.epochs=3", "trianing: unknown name"),
        ("data.structures.deep=3", "`data.structures` should hold"),
    ],
)
def test_bad_assignments(eippot: Program, tmp_path: Path, assignment: str, words: str) -> None:
    found = eippot("finetune", "-s", "a.xyz", "-o", tmp_path / "out", "--set", assignment)
    _assert_refused(found, words)


@every_training
def test_a_run_directory_is_used_once(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, command: str
) -> None:
    used = pipeline.directory / "run"
    before = {p.name: p.stat().st_mtime_ns for p in used.iterdir()}
    paths = ["-o", tmp_path / "a.extxyz", "--run", used] if command == "classify" else ["-o", used]
    found = eippot(command, "-s", pipeline.labelled, *paths, *SHORT, *TINY)
    _assert_refused(found, "Expected a new run directory", "holds a run already")
    assert {p.name: p.stat().st_mtime_ns for p in used.iterdir()} == before


@pytest.mark.parametrize("name", ["absent.pt", "garbage.pt"])
@pytest.mark.parametrize("command", ["verify", "evaluate"])
def test_bad_models(
    eippot: Program, pipeline: Pipeline, tmp_path: Path, command: str, name: str
) -> None:
    (tmp_path / "garbage.pt").write_bytes(b"garbage")
    more = [pipeline.labelled, "-o", tmp_path / "out"] if command == "evaluate" else []
    _assert_refused(eippot(command, tmp_path / name, *more), name, "`eippot export` writes")


def test_evaluate_on_bad_structures(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    model, out = pipeline.export.path, ("-o", tmp_path / "out")
    found = eippot("evaluate", model, "absent.extxyz", *out)
    _assert_refused(found, "No structure file at absent.extxyz")
    found = eippot("evaluate", model, _file(tmp_path, [periodic()]), *out)
    _assert_refused(found, "Expected structures with a DFT energy")
    other = periodic()
    other.symbols[0] = "Ge"
    other.info["REF_energy"] = -1.0
    found = eippot("evaluate", model, _file(tmp_path, [other]), *out)
    _assert_refused(found, "Expected only C, Si, got Ge")
    assert not (tmp_path / "out").exists()
