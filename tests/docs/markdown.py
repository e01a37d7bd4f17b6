"""Reads what the documents show: code blocks, commands with their output, links, code in text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
DOCUMENTS: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_NUMBER: Final = re.compile(r"\d[\d.,]*(e[+-]?\d+)?")


@dataclass(frozen=True)
class Command:
    """A line after ``$``, and what is shown below it."""

    line: str
    shown: tuple[str, ...]


def blocks(document: Path, language: str) -> list[str]:
    """Contents of the fenced blocks of one language."""
    return [text for name, text in _FENCE.findall(document.read_text()) if name == language]


def prose(document: Path) -> str:
    """The document without its fenced blocks."""
    return _FENCE.sub("", document.read_text())


def commands(document: Path) -> list[Command]:
    """All commands of the console blocks, in order; comments and ``…`` are left out."""
    return [command for block in blocks(document, "console") for command in _commands(block)]


def steps(document: Path) -> Iterator[Command | str]:
    """What a reader does from top to bottom: commands, and Python as text."""
    for language, text in _FENCE.findall(document.read_text()):
        if language == "console":
            yield from _commands(text)
        elif language == "python":
            yield text


def _commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        line = re.sub(r"\s+# .*", "", line)
        yield Command(line, tuple(s for s in shown if s.strip() not in ("", "…")))


def links(document: Path) -> list[str]:
    """Targets of the links, web addresses left out."""
    return [link for link in _LINK.findall(prose(document)) if not link.startswith("https:")]


def code(document: Path) -> list[str]:
    """What stands between backticks in the text."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(document))]


def files_without_a_row(folder: Path) -> list[Path]:
    """Files in a folder that match nothing in the first columns of ``docs/files.md``."""
    rows = re.findall(r"^\| (.+?) \|", (ROOT / "docs" / "files.md").read_text(), flags=re.MULTILINE)
    patterns = [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row)]
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [file for file in files if not any(map(file.match, patterns))]


def anchors(document: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_numbers(text: str) -> str:
    """A line of output reduced to what does not change from run to run."""
    return " ".join(_NUMBER.sub("#", re.sub(r"[─│┃━]", " ", text)).split())
