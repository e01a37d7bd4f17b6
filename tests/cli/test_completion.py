"""Shells complete commands, options and names, without a wait for anything heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eippot.config.model import BUILT_IN
from eippot.eips.cards import card_names
from tests.cli.test_main import COMMANDS, HEAVY

#: what reads cards and configurations; it takes a tenth of a second.
ALLOWED = {"pydantic"}
CODE = f"""
import sys
from eippot_cli.main import main
sys.argv = ["eippot"]
try:
    main()
except SystemExit as ended:
    assert not ended.code
loaded = [name for name in {sorted(set(HEAVY) - ALLOWED)!r} if name in sys.modules]
assert not loaded, loaded
"""


def _complete(words: str) -> list[str]:
    """Candidates for the last of some words, as bash asks for them."""
    asked = {
        "_EIPPOT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    found = subprocess.run(
        [sys.executable, "-c", CODE],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("eippot ", set(COMMANDS)),
        ("eippot fine", {"finetune"}),
        ("eippot lammps ", {"build", "doctor"}),
        ("eippot label a.extxyz --eips ", set(card_names())),
        ("eippot label a.extxyz --eips silv", {"silver-gold", "silver-palladium"}),
        ("eippot config template finetune --model ", set(BUILT_IN)),
    ],
)
def test_candidates(words: str, candidates: set[str]) -> None:
    assert set(_complete(words)) == candidates


def test_options_are_completed() -> None:
    assert {"--compress", "--output"} <= set(_complete("eippot export runs/a --"))


def test_it_is_installed_by_an_option(tmp_path: Path) -> None:
    code = "import sys; from eippot_cli.main import main; sys.argv[0] = 'eippot'; main()"
    found = subprocess.run(
        [sys.executable, "-c", code, "--install-completion", "bash"],
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "_EIPPOT_COMPLETE" in (tmp_path / ".bash_completions" / "eippot.sh").read_text()
