"""Writes the sources of the site: ``python docs/site/sources.py FOLDER``.

Pages link to files of the repository, as they are read there; on the site these are other pages.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

import commands
import configuration
import potentials

DOCS: Final = Path(__file__).resolve().parents[1]
ROOT: Final = DOCS.parent
#: files of the repository that are pages or files of the site under another name.
PLACES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "license.txt",
    "examples/silicon/silicon_dft.md": "silicon.md",
    "examples/README.md": "examples.md",
    "examples/lammps/README.md": "lammps-examples.md",
    "benchmarks/accuracy/results.jsonl": "results.jsonl",
    "eippot/eips/cards": "reference/potentials.md",
    **{f"examples/{path.name}": path.name for path in (ROOT / "examples").glob("*.py")},
}
GENERATED: Final = {
    "reference/commands.md": commands.page,
    "reference/configuration.md": configuration.page,
    "reference/potentials.md": potentials.page,
}
_LINK: Final = re.compile(r"(?<=\]\()(?!https?:|#)([^)\s#]+)")
#: blocks in languages that Pygments does not know.
_UNKNOWN: Final = re.compile(r"^```(layers|attributes|lammps)$", flags=re.MULTILINE)
_COMMENT: Final = re.compile(r"^<!--.*-->\n", flags=re.MULTILINE)


def write(folder: Path) -> None:
    """Write all sources of the site into a folder, in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(DOCS / "site" / "conf.py", folder)
    for path in DOCS.glob("*.md"):
        _copy(path, folder, path.name)
    for source, place in PLACES.items():
        if (ROOT / source).is_file():
            _copy(ROOT / source, folder, place)
    with (folder / "index.md").open("a") as index:
        index.write((DOCS / "site" / "contents.md").read_text())
    for place, page in GENERATED.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(page())


def _copy(path: Path, folder: Path, place: str) -> None:
    text = path.read_text()
    if path.suffix == ".md":
        origin = str(path.relative_to(ROOT))
        text = _LINK.sub(lambda link: _on_site(link[1], origin, place), _COMMENT.sub("", text))
        text = _UNKNOWN.sub("```text", text.replace("```math", "```{math}"))
    (folder / place).write_text(text)


def _on_site(link: str, origin: str, place: str) -> str:
    """A link of a file of the repository, as a link of a page of the site."""
    target = os.path.normpath(Path(origin).parent / link)
    found = PLACES.get(target) or target.removeprefix("docs/")
    if found == target:
        sys.exit(f"{origin}: {link} is nowhere on the site; PLACES of {__file__} says what is.")
    return os.path.relpath(found, Path(place).parent)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
