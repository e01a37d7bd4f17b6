"""Reads a page as a browser would, and complains where it would have to guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

_VOID: Final = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Element:
    """A tag with what stands in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, with single spaces."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str, class_: str | None = None) -> list[Element]:
        """Elements of a kind in it, in their order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag and class_ in (
                    None,
                    *child.attributes.get("class", "").split(),
                ):
                    found.append(child)
                found += child.all(tag, class_)
        return found

    def rows(self) -> list[list[str]]:
        """Texts of the cells of a table."""
        return [
            [cell.text for cell in row.children if isinstance(cell, Element)]
            for row in self.all("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in [element.tag for element in self.open], f"<{tag}/> closes nothing in HTML"
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> where <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice in <{tag}>"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        return element


def read_page(path: Path) -> Element:
    """The elements of a page, each of which must be closed."""
    reader = _Reader()
    reader.feed(path.read_text())
    reader.close()
    assert reader.open == [reader.root], f"<{reader.open[-1].tag}> is never closed"
    return reader.root


def facts(page: Element) -> dict[str, str]:
    """Figures of the head by their names."""
    (head,) = page.all("dl", "facts")
    return {dt.text: dd.text for dt, dd in zip(head.all("dt"), head.all("dd"), strict=True)}


def headings(page: Element) -> list[str]:
    """Titles of the sections."""
    return [heading.text for heading in page.all("h2")]
