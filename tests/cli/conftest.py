"""The program, run within this process, with its output and its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed; ``block`` is stderr as one line of words."""

    code: int
    out: str
    err: str

    @property
    def block(self) -> str:
        return " ".join(self.err.translate(str.maketrans("│╭╮╰╯─", " " * 6)).split())


Program = Callable[..., Outcome]


@pytest.fixture
def eippot(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run ``eippot`` with arguments; paths may be given as they are."""
    from eippot_cli import output
    from eippot_cli.main import main

    for console in (output.console, output.error_console):
        monkeypatch.setattr(console, "_width", 300)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["eippot", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int | None)
        return Outcome(code or 0, captured.out, captured.err)

    return run
