"""The page about the choice of EIPs shows what these commands do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, commands, without_numbers
from tests.docs.newcomer import SMALL, run, write_data

PAGE = ROOT / "docs" / "choosing-eips.md"


def test_every_step_works_and_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kimpy")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    write_data(tmp_path, n_labelled=40)
    small = {"training.steps": SMALL["steps"], "model.channels": SMALL["channels"]}
    short = "".join(f" --set {name}={value}" for name, value in small.items())
    for command in commands(PAGE):
        result = run(command.line + (short if "classify" in command.line else ""), tmp_path)
        assert result.ok, f"{command.line}\n{result.output}"
        printed = without_numbers(result.output)
        for line in command.shown:
            assert without_numbers(line.split("(")[0]) in printed, command.line
