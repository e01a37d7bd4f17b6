"""The page's network passes the checks, is trained and exported, and runs without its file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from ase.build import bulk

from eippot import EippotCalculator
from eippot.testing import CHECKS, PRECISIONS
from eippot.testing.checks.smoothness import check_smooth_at_the_cutoff
from tests.docs.conftest import Walk
from tests.docs.markdown import ROOT, Command, blocks, commands, without_numbers
from tests.docs.newcomer import made_small, run, write_data

PAGE: Final = ROOT / "docs" / "adding-an-architecture.md"
FILES: Final = {
    text.splitlines()[0].removeprefix("# "): text
    for language in ("python", "yaml")
    for text in blocks(PAGE, language)
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A folder with the page's files, where its commands were run in order."""
    folder = tmp_path_factory.mktemp("adding")
    write_data(folder)
    for name, text in FILES.items():
        (folder / name).write_text(made_small(text) if name.endswith(".yaml") else text)
    modules = [Path(name).stem for name in FILES if name.endswith(".py")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        patch.syspath_prepend(str(folder))
        results = {command.line: run(command.line, folder) for command in commands(PAGE)}
        yield Walk(folder, results)
    for module in modules:
        sys.modules.pop(module, None)


@pytest.mark.parametrize("command", commands(PAGE), ids=lambda command: command.line)
def test_command_works_and_prints_what_is_shown(page: Walk, command: Command) -> None:
    result = page.results[command.line]
    assert result.ok, result.output
    printed = without_numbers(result.output)
    for line in command.shown:
        assert without_numbers(line) in printed


def test_the_tests_of_the_page_run(page: Walk) -> None:
    module = import_module("test_my_network")
    assert {subject.precision for subject in module.SUBJECTS.values()} == set(PRECISIONS.values())
    module.test_physics(module.SUBJECTS["float64"], CHECKS[0])
    marks = {mark.args[0]: mark.args[1] for mark in module.test_physics.pytestmark}
    assert marks["check"] is CHECKS


def test_the_message_of_the_page_is_what_is_said(
    page: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the envelope the page's network is as rough as the page says."""
    without = FILES["my_network.py"].replace(" * self.envelope(distances).unsqueeze(1)", "")
    assert without != FILES["my_network.py"]
    (page.folder / "rough.py").write_text(without.replace("my_network", "rough"))
    monkeypatch.setattr("eippot.testing.__main__.CHECKS", (check_smooth_at_the_cutoff,))
    result = run("python -m eippot.testing rough:MyNetwork", page.folder)
    (message,) = blocks(PAGE, "text")
    assert without_numbers(message).replace("my_network", "rough") in without_numbers(result.output)
    assert not result.ok


def test_the_exported_file_needs_no_source(page: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "my_network", None)
    with pytest.raises(ImportError):
        import_module("my_network")
    atoms = bulk("Si", cubic=True)
    atoms.positions[0] += 0.1
    atoms.calc = EippotCalculator(page.folder / "si.pt")
    assert abs(atoms.get_forces()).max() > 0
