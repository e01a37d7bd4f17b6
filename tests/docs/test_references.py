"""Names in the documents are names of things that exist: links, files, commands, options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
from eippot_cli.main import app

from tests.docs.markdown import DOCUMENTS, README, ROOT, anchors, code, commands, links

_FILE: Final = re.compile(r"(eippot|cli|lammps|docs|tests|examples|benchmarks|\.ci)/[\w./-]*")
_COMMAND: Final = re.compile(r"eippot( [a-z]+)+.*")

by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


@by_document
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@by_document
def test_named_files_exist(document: Path) -> None:
    for name in filter(_FILE.fullmatch, code(document)):
        assert (ROOT / name).exists(), name


@by_document
def test_named_commands_and_options_exist(document: Path) -> None:
    shown = [command.line for command in commands(document)]
    for text in (*filter(_COMMAND.fullmatch, code(document)), *shown):
        if text.startswith("eippot "):
            _check_command(text)


def test_readme_names_every_command() -> None:
    program: Any = typer.main.get_command(app)
    for name, command in program.commands.items():
        for path in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert re.search(rf"eippot {path}\b", README.read_text()), path


def _check_command(text: str) -> None:
    """Walk down the commands, then look at the options."""
    command: Any = typer.main.get_command(app)
    words = text.split()[1:]
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, text
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        assert not re.fullmatch(r"--?[a-z][a-z-]*", word) or word in known, (text, word)
