"""The recipe works, step by step, where the README ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.conftest import Walk
from tests.docs.markdown import ROOT, blocks, commands
from tests.docs.newcomer import SMALL, invoke, made_small, run

RECIPE = ROOT / "docs" / "recipe.md"


def test_every_step_works(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(walk.folder)
    for text in blocks(RECIPE, "yaml"):
        file, _, stage = text.splitlines()[0].removeprefix("# ").partition(", for ")
        Path(file).write_text(text)
        assert invoke(["config", "validate", stage, file]).ok
        Path(file).write_text(made_small(text))
    for command in commands(RECIPE):
        result = run(command.line + _short(command.line), walk.folder)
        assert result.ok, f"{command.line}\n{result.output}"
    assert Path("taught.pt").stat().st_size > 0


def _short(line: str) -> str:
    """Options for what takes its settings from no file, so that it is over at once."""
    _, command, first, *_ = line.split()
    if first != "-s":
        return ""
    names = ["channels", "n_max", "l_max"]
    short = {f"model.{name}": SMALL[name] for name in names if command == "pretrain"}
    short["training.steps"] = SMALL["steps"]
    return "".join(f" --set {name}={value}" for name, value in short.items())
