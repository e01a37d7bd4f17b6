"""``eippot config``: templates, validation, schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

COMMANDS = ["label", "classify", "pretrain", "finetune"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_template_is_valid_as_it_is(eippot: Program, tmp_path: Path, command: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(eippot("config", "template", command).out)
    found = eippot("config", "validate", command, path)
    assert found.code == 0
    assert "is a valid configuration" in found.out


@pytest.mark.parametrize("command", ["classify", "pretrain", "finetune"])
def test_the_paper_preset(eippot: Program, tmp_path: Path, command: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(eippot("config", "template", command, "--preset", "paper").out)
    assert "The method as published" in path.read_text()
    assert eippot("config", "validate", command, path).code == 0


def test_label_has_no_paper_preset(eippot: Program) -> None:
    found = eippot("config", "template", "label", "--preset", "paper")
    assert found.code == 1
    assert "no `paper` preset of `label`" in found.block


def test_validate_lists_the_problems(eippot: Program, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("data: {structures: a.xyz}\noutput: run\ntraining: {epoch: 3}\n")
    found = eippot("config", "validate", "finetune", path)
    assert found.code == 1
    assert "training.epoch: unknown name; known here: batch_edges," in found.block


@pytest.mark.parametrize("command", COMMANDS)
def test_schema(eippot: Program, command: str) -> None:
    found = eippot("config", "schema", command)
    assert found.code == 0
    schema = json.loads(found.out)
    assert schema["additionalProperties"] is False
    assert "output" in schema["properties"]


def test_an_unknown_command(eippot: Program) -> None:
    assert eippot("config", "template", "train").code == 2
