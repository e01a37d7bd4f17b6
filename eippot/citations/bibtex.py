"""Entries of BibTeX: reading, writing, and text without BibTeX's markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Final

from eippot.errors import DataError

_START: Final = re.compile(r"@\s*(\w+)\s*\{", re.ASCII)
_KEY: Final = re.compile(r"\s*([^\s,{}\"#%]+)\s*,")
_NAME: Final = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*")
_BARE: Final = re.compile(r"[^\s,{}\"]+")
_NO_ENTRIES: Final = ("comment", "preamble", "string")
_INDENT: Final = "  "

#: BibTeX's accents and Unicode's combining characters.
_ACCENTS: Final = {
    "'": "\u0301",
    '"': "\u0308",
    "`": "\u0300",
    "^": "\u0302",
    "~": "\u0303",
    "v": "\u030c",
    "u": "\u0306",
    "c": "\u0327",
    "H": "\u030b",
    "r": "\u030a",
    "=": "\u0304",
    ".": "\u0307",
}
_LETTERS: Final = {
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "aa": "å",
    "AA": "Å",
    "ae": "æ",
    "AE": "Æ",
    "ss": "ß",
    "i": "ı",
    "circ": "°",
    "times": "×",
    "sqrt": "√",
}
_ACCENT: Final = re.compile(r"\\([\'\"`^~=.]|[vucHr](?![A-Za-z]))\s*\{?\\?([A-Za-z])\}?")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)\s*")
_MATH: Final = re.compile(r"\$([^$]*)\$")
_RESOLVER: Final = re.compile(r"^(https?://(dx\.)?doi\.org/|doi:)")
_SPECIAL: Final = re.compile(r"[&%$#_]")


@dataclass(frozen=True)
class Entry:
    """One entry.

    Parameters
    ----------
    kind
        ``article``, ``misc``, …
    key
        What LaTeX cites it by.
    fields
        Name in small letters → content in BibTeX's markup, without the outer braces or quotes.
    """

    kind: str
    key: str
    fields: Mapping[str, str]

    @property
    def doi(self) -> str:
        """DOI in small letters, which is how two are compared; empty where there is none."""
        return _RESOLVER.sub("", plain_text(self.fields.get("doi", "")).lower())

    def __str__(self) -> str:
        lines = [f"{_INDENT}{name} = {{{value}}}" for name, value in self.fields.items()]
        return ",\n".join([f"@{self.kind}{{{self.key}", *lines]) + "\n}"


def read_bibtex(text: str, where: str) -> list[Entry]:
    """Read entries; comments, and all that stands between entries, are left out.

    Parameters
    ----------
    text
        Content of a file.
    where
        Names the file in an error.

    Raises
    ------
    DataError
        An entry is not written as BibTeX wants it.
    """
    entries, at = [], 0
    while start := _START.search(text, at):
        body, at = _inside_braces(text, start.end(), where)
        if start[1].lower() not in _NO_ENTRIES:
            entries.append(_read_entry(start[1].lower(), body, where))
    return entries


def merge(entries: Iterable[Entry]) -> list[Entry]:
    """Each publication once, in the order in which they come first, under keys of their own.

    Two entries are one publication if they have the same DOI, or the same key and title.
    """
    found: dict[str, Entry] = {}
    dois: set[str] = set()
    for entry in entries:
        same = found.get(entry.key.lower())
        if entry.doi in dois or (same and _title(same) == _title(entry)):
            continue
        dois |= {entry.doi} - {""}
        key = _free_key(entry.key, found)
        found[key.lower()] = replace(entry, key=key)
    return list(found.values())


def plain_text(text: str) -> str:
    """Text without BibTeX's markup: accents are letters, braces and dollars are gone."""
    text = text.replace("\\\\", "\\")  # as some files have it
    text = _MATH.sub(lambda m: re.sub("[_^]", "", m[1]), text)
    text = _ACCENT.sub(lambda m: unicodedata.normalize("NFC", m[2] + _ACCENTS[m[1]]), text)
    text = _COMMAND.sub(lambda m: _letter(m[1]), text)
    text = re.sub(r"\\(.)", r"\1", text)
    text = re.sub(r"[{}]", "", text).replace("---", "–").replace("--", "-").replace("~", " ")
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Plain text as BibTeX has it; braces and backslashes are left out."""
    return _SPECIAL.sub(r"\\\g<0>", re.sub(r"[{}\\]", "", text))


def _read_entry(kind: str, body: str, where: str) -> Entry:
    key = _KEY.match(body)
    if not key:
        raise DataError(f"Expected a key and a comma in an entry of {where}, got {body[:40]!r}.")
    return Entry(kind, key[1], dict(_fields(body[key.end() :], f"`{key[1]}` of {where}")))


def _fields(text: str, where: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        name = _NAME.match(text, at)
        if not name:
            raise DataError(
                f"Expected `name = {{value}}` in {where}, got {text[at:].strip()[:40]!r}."
            )
        value, at = _value(text, name.end(), where)
        yield name[1].lower(), " ".join(value.split())
        comma = re.compile(r"\s*(,|$)").match(text, at)
        if not comma:
            raise DataError(f"Expected a comma in {where}, got {text[at:].strip()[:40]!r}.")
        at = comma.end()


def _value(text: str, at: int, where: str) -> tuple[str, int]:
    """A value in braces, in quotes, or bare, and where it ends."""
    if text.startswith("{", at):
        return _inside_braces(text, at + 1, where)
    if text.startswith('"', at):
        return _inside_quotes(text, at + 1, where)
    bare = _BARE.match(text, at)
    if not bare:
        raise DataError(f"Expected a value in {where}, got {text[at:].strip()[:40]!r}.")
    return bare[0], bare.end()


def _inside_braces(text: str, first: int, where: str) -> tuple[str, int]:
    """What stands before the brace that closes the one before ``first``, and where it goes on."""
    depth = 1
    for at in range(first, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
        if depth == 0:
            return text[first:at], at + 1
    raise DataError(f"Expected a closing brace in {where}, got none.")


def _inside_quotes(text: str, first: int, where: str) -> tuple[str, int]:
    """What stands before the next quote outside of braces, and where it goes on."""
    depth = 0
    for at in range(first, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if text[at] == '"' and depth == 0:
            return text[first:at], at + 1
    raise DataError(f"Expected a closing quote in {where}, got none.")


def _letter(command: str) -> str:
    """What a command of LaTeX stands for: a letter, a Greek one, or nothing but markup."""
    try:
        greek = unicodedata.lookup(f"GREEK SMALL LETTER {command.removeprefix('up')}")
    except KeyError:
        greek = ""
    return _LETTERS.get(command, greek)


def _title(entry: Entry) -> str:
    return re.sub(r"\W", "", plain_text(entry.fields.get("title", "")).lower())


def _free_key(key: str, taken: Mapping[str, Entry]) -> str:
    """The key, or the key with the first letter behind it that no other entry has."""
    keys = [key, *(key + letter for letter in ascii_lowercase[1:])]
    return next(free for free in keys if free.lower() not in taken)
