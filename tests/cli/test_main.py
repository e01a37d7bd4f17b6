"""The program as a whole: help at once, version, and how errors end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eippot import __version__
from tests.cli.conftest import Program

COMMANDS = [
    *("perturb", "label", "classify", "pretrain", "stack", "finetune", "export", "evaluate"),
    *("report", "verify", "inspect", "cite"),
    *("config", "kim", "lammps"),
]
HEAVY = (
    "torch",
    "lightning",
    "torch_geometric",
    "e3nn",
    "matplotlib",
    "scipy",
    "ase",
    "pydantic",
    "jinja2",
)


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from eippot_cli.main import main
sys.argv = ["eippot", "--help"]
try:
    main()
except SystemExit as ended:
    assert not ended.code
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
"""
    found = _python(code)
    assert found.returncode == 0, found.stderr
    assert "finetune" in found.stdout


def test_help_names_every_command(eippot: Program) -> None:
    out = eippot("--help").out
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(eippot: Program, command: str) -> None:
    found = eippot(command, "--help")
    assert found.code == 0
    assert "Usage" in found.out


def test_version(eippot: Program) -> None:
    assert eippot("--version").out.strip() == f"eippot {__version__}"


def test_errors_end_in_one_block_on_stderr() -> None:
    """As a process of its own: exit code 1, nothing on stdout, no traceback."""
    code = """
import sys
from eippot_cli.main import main
sys.argv = ["eippot", "config", "validate", "finetune", "absent.yaml"]
main()
"""
    found = _python(code)
    assert found.returncode == 1
    assert found.stdout == ""
    assert "No configuration file at absent.yaml" in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stderr.startswith("╭─ eippot: error")


def test_brackets_in_messages_are_shown_as_they_are(eippot: Program) -> None:
    found = eippot("config", "validate", "finetune", "a[red]b.yaml")
    assert "a[red]b.yaml" in found.block


def test_an_unknown_command(eippot: Program) -> None:
    assert eippot("train").code == 2
