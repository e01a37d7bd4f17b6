"""What to cite for an EIP, by its source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from eippot.citations.bibtex import Entry, escaped
from eippot.eips.cards import Card, Citation, card_names, read_card
from eippot.eips.source import EIPSource, parse_source
from eippot.errors import ConfigError, MissingDependencyError


class Cited(NamedTuple):
    """What there is to cite for an EIP, and what is missing for a person to see to."""

    entries: list[Entry]
    missing: str = ""


class EIPCitations:
    """Finds citations in cards, in OpenKIM's items, and in matscipy's parameter sets.

    Parameters
    ----------
    cards
        Cards beside those that come with eippot.
    """

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        known = [*cards, *map(read_card, card_names())]
        self._papers = {eip.source: eip.citation for card in known for eip in card.eips}

    def cite(self, text: str) -> Cited:
        """Entries for a source such as ``kim:MODEL``; those of OpenKIM name papers and items.

        Raises
        ------
        DataError
            The BibTeX of an item of OpenKIM cannot be read.
        """
        found, missing = self._of_its_kind(text)
        if text in self._papers:
            found.append(entry_of(self._papers[text]))
        if not found and not missing:
            missing = "no citation is known; a card that names it may be given too"
        return Cited(found, missing)

    def _of_its_kind(self, text: str) -> Cited:
        """What the program that it comes from has to say."""
        try:
            source = parse_source("eip", text)
        except ConfigError:
            return Cited([], "this is no source that can be read")
        if source.kind == "kim":
            return _cite_kim(source)
        if source.kind == "matscipy":
            from eippot.eips.matscipy import reference

            said = reference(source)
            return Cited([text_entry(str(source.options["set"]), said)] if said else [])
        return Cited([])


def entry_of(citation: Citation) -> Entry:
    """A citation of a card as BibTeX."""
    authors = citation.authors.split(", ")
    family = unicodedata.normalize("NFKD", authors[0].split(" ")[-1]).lower()
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{escaped(citation.title)}}}",  # with its capitals
        "journal": escaped(citation.journal),
        "volume": citation.volume,
        "pages": citation.pages.replace("-", "--"),
        "year": str(citation.year),
        "doi": citation.doi,
    }
    return Entry(
        "article",
        f"{re.sub('[^a-z]', '', family) or 'eip'}:{citation.year}",
        {name: value for name, value in fields.items() if value},
    )


def text_entry(name: str, text: str) -> Entry:
    """A citation that is known as a line of text alone, as BibTeX."""
    return Entry("misc", re.sub(r"[^\w:.-]+", "_", name), {"note": escaped(text)})


def _cite_kim(source: EIPSource) -> Cited:
    from eippot.eips.openkim import cite_model

    try:
        entries = cite_model(source.target)
    except MissingDependencyError:
        return Cited([], "what OpenKIM asks to cite is read by kimpy (`pip install 'eippot[kim]'`)")
    if not entries:
        return Cited([], "not installed here, and what OpenKIM asks to cite comes with it")
    return Cited(entries)
