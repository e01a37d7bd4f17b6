"""The reference of the named sets of EIPs, from their cards."""

from __future__ import annotations

from eippot.eips.cards import Card, CardEntry, card_names, read_card

_HEAD = """# Sets of EIPs

Names for `eippot label --eips`. `eippot label --suggest` makes a set for any other material.
"""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *(_section(read_card(name)) for name in card_names())])


def _section(card: Card) -> str:
    rows = ["| name | source | published in | |", "|---|---|---|---|", *map(_row, card.eips)]
    return "\n".join([f"## {card.name}", "", card.description, "", *rows, ""])


def _row(eip: CardEntry) -> str:
    c = eip.citation
    paper = f"{c.authors}, *{c.journal}* **{c.volume}**, {c.pages} ({c.year})"
    link = f"[{paper}](https://doi.org/{c.doi})" if c.doi else paper
    cells = (f"`{eip.name}`", f"`{eip.source}`", link, eip.note)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
