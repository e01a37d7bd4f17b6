"""The recipe works, step by step, where the README ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.conftest import Walk
from tests.docs.markdown import ROOT, blocks, commands
from tests.docs.newcomer import invoke, made_small, run

RECIPE = ROOT / "docs" / "recipe.md"


def test_every_step_works(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(walk.folder)
    for text in blocks(RECIPE, "yaml"):
        file, _, stage = text.splitlines()[0].removeprefix("# ").partition(", for ")
        Path(file).write_text(text)
        assert invoke(["config", "validate", stage, file]).ok
        Path(file).write_text(made_small(text))
    for command in commands(RECIPE):
        result = run(command.line, walk.folder)
        assert result.ok, f"{command.line}\n{result.output}"
    assert Path("taught.pt").stat().st_size > 0
