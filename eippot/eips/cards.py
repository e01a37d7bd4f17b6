"""Cards: named sets of EIPs, each with its source, its citation and a word on what it is."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

import yaml
from pydantic import Field

from eippot.config.base import Config, read_config
from eippot.errors import ConfigError

_SUFFIXES: Final = (".yaml", ".yml")


class Citation(Config):
    """Where an EIP was published; what a publication does not have is an empty text."""

    authors: str
    title: str
    journal: str
    volume: str
    pages: str
    year: int
    doi: str


class CardEntry(Config):
    """One EIP of a card."""

    name: str = Field(description="short name; labels stand under eip_<name>_…")
    source: str = Field(description="where it comes from, e.g. kim:MODEL")
    stands_for: str = Field("", description="the EIP of the paper's set that it stands for")
    citation: Citation
    note: str = Field("", description="what it was made for, and what to know before using it")


class Card(Config):
    """A named set of EIPs for one material."""

    name: str
    description: str
    species: tuple[str, ...] = Field(description="chemical symbols that the set is made for")
    eips: tuple[CardEntry, ...] = Field(min_length=1)


def card_names() -> list[str]:
    """Names of the cards that come with eippot."""
    folder = resources.files("eippot.eips") / "cards"
    return sorted(
        item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")
    )


def read_card(name: str) -> Card:
    """Read a card.

    Parameters
    ----------
    name
        Name of a card that comes with eippot (``silicon``), or the path of a YAML file.

    Raises
    ------
    ConfigError
        There is no such card, or it is not written as it should be.
    """
    if name.endswith(_SUFFIXES):
        return read_config(Card, Path(name))
    if name not in card_names():
        raise ConfigError(
            f"No set of EIPs is called `{name}`; known: {', '.join(card_names())}.",
            "A set of your own is a YAML file, given by its path: `--eips ./my-set.yaml`.",
        )
    with resources.as_file(resources.files("eippot.eips") / "cards" / f"{name}.yaml") as path:
        return read_config(Card, path)


def check_new_card(path: Path) -> None:
    """Refuse to write a card over a file, or under a name that does not tell that it is one.

    Raises
    ------
    ConfigError
        There is such a file, or its name does not end in .yaml.
    """
    if path.suffix not in _SUFFIXES:
        raise ConfigError(f"Expected a card that ends in .yaml, got {path}.")
    if path.exists():
        raise ConfigError(
            f"Expected a new file for the card, got {path}, which is there already.",
            "Choose another one, or remove it first.",
        )


def write_card(path: Path, card: Card, comment: str) -> None:
    """Write a card into a new file, with a comment in its first line.

    Raises
    ------
    ConfigError
        There is such a file already, or it cannot be written.
    """
    check_new_card(path)
    content = card.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {comment}\n{text}", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot write {path}: {error}") from None
