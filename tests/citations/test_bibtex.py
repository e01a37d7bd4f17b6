"""BibTeX: what is read, what is refused, which entries are one, and text without markup."""

from __future__ import annotations

import pytest

from eippot.citations.bibtex import Entry, escaped, merge, plain_text, read_bibtex
from eippot.errors import DataError
from tests.citations import strict

TEXT = r"""
@Comment
{
\documentclass{article} as OpenKIM has it, with \cite{a, b}
}

@Article{one:2001,
  author  = {J{\"o}rg One and {The {B}raced}},
  title = "In quotes, with {"}quotes{"} inside",
  year    = 2001,
  doi     = {10.1/ABC},
}
in between there may be anything
@MISC { two , note = {a
   line broken}, year = {1999} }
"""


def _entry(key: str, **fields: str) -> Entry:
    return Entry("article", key, fields)


def test_reads_what_bibtex_allows() -> None:
    one, two = read_bibtex(TEXT, "a file")
    assert (one.kind, one.key, one.doi) == ("article", "one:2001", "10.1/abc")
    assert one.fields["author"] == r"J{\"o}rg One and {The {B}raced}"
    assert one.fields["title"] == 'In quotes, with {"}quotes{"} inside'
    assert one.fields["year"] == "2001"
    assert (two.kind, two.key, two.fields["note"]) == ("misc", "two", "a line broken")


def test_writes_what_it_reads() -> None:
    entries = read_bibtex(TEXT, "a file")
    text = "\n\n".join(map(str, entries))
    assert read_bibtex(text, "again") == entries
    found = strict.read(text)
    assert list(found) == ["one:2001", "two"]
    assert found["two"] == {"ENTRYTYPE": "misc", "note": "a line broken", "year": "1999"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@article{a, title = {no end", "closing brace in x.bib"),
        ("@article{a, title = {x} year = 1}", "Expected a comma in `a` of x.bib, got 'year = 1'"),
        ("@article{title = {x}}", "Expected a key and a comma in an entry of x.bib"),
        ("@article{a, {x}}", "Expected `name = {value}` in `a` of x.bib"),
        ("@article{a, title = }", "Expected a value in `a` of x.bib"),
        ('@article{a, title = "x}', "closing quote in `a` of x.bib"),
    ],
)
def test_refuses_what_is_no_bibtex(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("{", r"\{")):
        read_bibtex(text, "x.bib")


def test_a_publication_is_there_once() -> None:
    first = _entry("a", title="On {X}", doi="10.1/ABC")
    same_doi = _entry("b", title="Another title", doi="https://doi.org/10.1/abc")
    same_key = _entry("A", title="on X")
    other = _entry("a", title="On Y")
    without = [_entry("c"), _entry("d")]
    merged = merge([first, same_doi, same_key, other, *without])
    assert [entry.key for entry in merged] == ["a", "ab", "c", "d"]
    assert merged[1].fields["title"] == "On Y"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"Schi{\o}tz, J{\o}rgen", "Schiøtz, Jørgen"),
        (r"G{\"a}hler and Mihalkovi{\v c}", "Gähler and Mihalkovič"),
        (r"Jo\~{a}o Dulak{\l}", "João Dulakł"),
        (r"Fern{\\'{a}}ndez", "Fernández"),
        (r"{\AA}gren", "Ågren"),
        (r"$\alpha$-{F}e$_{3}$C at 0${}^\circ$", "α-Fe3C at 0°"),
        (r"{S}tillinger--{W}eber~potential", "Stillinger-Weber potential"),
        (r"\url{https://openkim.org} \& more", "https://openkim.org & more"),
    ],
)
def test_text_without_markup(text: str, plain: str) -> None:
    assert plain_text(text) == plain


def test_plain_text_survives_bibtex() -> None:
    text = "A & B: 100 % of #1_x for $2"
    assert escaped(text) == r"A \& B: 100 \% of \#1\_x for \$2"
    assert plain_text(escaped(text)) == text
    assert escaped("{E(3) and \\alpha") == "E(3) and alpha"
