"""What eippot knows to cite is what its architectures declare, and none is forgotten."""

from __future__ import annotations

import re

import pytest

from eippot.citations.bibtex import plain_text
from eippot.citations.known import ARCHITECTURES, METHOD, PROGRAMS, WITH_E3NN, known_entry
from tests.citations import strict


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}|\d+", text.lower()))


@pytest.mark.parametrize("key", [METHOD, *ARCHITECTURES.values(), *PROGRAMS.values()])
def test_entries_are_complete(key: str) -> None:
    [(name, fields)] = strict.read(str(known_entry(key))).items()
    assert name == key
    assert {"author", "title", "year"} <= set(fields)
    assert known_entry(key).doi.startswith("10.") or fields["eprint"]


def test_every_architecture_has_the_entry_of_the_paper_that_it_names() -> None:
    from eippot.models.factory import ARCHITECTURES as CLASSES
    from eippot.models.factory import find_architecture

    assert set(ARCHITECTURES) == set(CLASSES)
    assert set(WITH_E3NN) <= set(CLASSES)
    for name, key in ARCHITECTURES.items():
        fields = known_entry(key).fields
        cited = plain_text(find_architecture(name).citation)
        assert _words(plain_text(fields["title"])) <= _words(cited)
        assert fields["year"] in cited
        assert fields.get("eprint", fields.get("pages", "?")) in cited
        for author in plain_text(fields["author"]).split(" and "):
            assert author.split()[-1] in cited


def test_the_method_is_what_exported_files_name() -> None:
    from eippot.stages.export import METHOD as TEXT

    fields = known_entry(METHOD).fields
    assert fields["title"] in TEXT
    assert fields["eprint"] in TEXT
    for author in fields["author"].split(" and "):
        assert author.split()[-1] in TEXT
