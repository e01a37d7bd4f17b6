"""The site: built without a warning, complete, and in need of no network."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
import yaml

from eippot.config.templates import template
from eippot.eips.cards import card_names, read_card
from tests.cli.test_main import COMMANDS
from tests.docs.markdown import DOCUMENTS, ROOT, blocks, prose

SITE: Final = ROOT / "docs" / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    steps: list[list[object]] = [
        [SITE / "sources.py", folder / "source"],
        ["-m", "sphinx", "-q", "-W", "--keep-going", folder / "source", folder / "html"],
    ]
    for step in steps:
        found = subprocess.run(
            [sys.executable, *map(str, step)], cwd=folder, capture_output=True, text=True
        )
        assert found.returncode == 0, found.stderr
    return folder / "html"


class _Loaded(HTMLParser):
    """Addresses that a browser loads by itself."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "iframe", "source"):
            self.addresses.append(values.get("src", ""))
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.addresses.append(values.get("href", ""))


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(DOCUMENTS)
    for page in pages:
        for address in _Loaded(page).addresses:
            assert "//" not in address, address
            path = address.partition("?")[0]
            assert not path or (page.parent / path).exists(), (page, address)
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", styles)


def test_every_document_is_there(site: Path) -> None:
    for document in (ROOT / "docs").glob("*.md"):
        assert (site / f"{document.stem}.html").exists(), document


def test_equations_are_shown_without_scripts(site: Path) -> None:
    page = (site / "method.html").read_text()
    assert page.count('display="block"') == len(blocks(ROOT / "docs" / "method.md", "math"))
    inline = re.findall(r"\$[^$]+\$", prose(ROOT / "docs" / "method.md"))
    assert page.count('display="inline"') == len(inline) > 30
    assert "\\frac" not in page


@pytest.mark.parametrize("stage", ["pretrain", "classify", "stack", "finetune"])
def test_every_option_is_in_the_reference(site: Path, stage: str) -> None:
    page = (site / "reference" / "configuration.html").read_text()
    section = page.split(f'<section id="{stage}">')[1].split("</section>")[0]
    for name, value in yaml.safe_load(template(stage)).items():
        if name == "model":
            continue
        names = [f"{name}.{inner}" for inner in value] if _is_section(value) else [name]
        for option in names:
            assert f">{option}" in section, option


def _is_section(value: object) -> bool:
    return isinstance(value, dict) and bool(value)


def test_every_command_and_every_potential_is_in_the_reference(site: Path) -> None:
    commands = (site / "reference" / "commands.html").read_text()
    for name in COMMANDS:
        assert f'id="eippot-{name}' in commands, name
    potentials = (site / "reference" / "potentials.html").read_text()
    for card in map(read_card, card_names()):
        assert all(f">{eip.name}<" in potentials for eip in card.eips)
