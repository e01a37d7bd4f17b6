"""What is cited for a source, and what is told to be missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eippot.eips.cards import Citation, read_card
from eippot.eips.citing import EIPCitations, entry_of, text_entry
from tests.citations import strict

MATSCIPY = "matscipy:StillingerWeber?set=Stillinger_Weber_PRB_31_5262_Si"
EMT = "ase:ase.calculators.emt.EMT"
SW = "kim:SW_StillingerWeber_1985_Si__MO_405512056662_005"
MINE = "ase:my_calculator.Mine"


def test_the_citation_of_a_card_as_bibtex() -> None:
    citation = Citation(
        authors="J. K. Nørskov, K. W. Jacobsen",
        title="Copper & gold: 100 % of EMT",
        journal="Surface Science",
        volume="366",
        pages="394-402",
        year=1996,
        doi="10.1016/0039-6028(96)00816-3",
    )
    [(key, fields)] = strict.read(str(entry_of(citation))).items()
    assert key == "nrskov:1996"
    assert fields["author"] == "J. K. Nørskov and K. W. Jacobsen"
    assert fields["title"] == r"{Copper \& gold: 100 \% of EMT}"
    assert fields["pages"] == "394--402"


def test_a_source_of_a_card_is_cited_by_it() -> None:
    [entry] = EIPCitations().cite(EMT).entries
    assert entry.doi == "10.1016/0039-6028(96)00816-3"


def test_a_card_of_your_own_is_known_too(tmp_path: Path) -> None:
    text = (
        "name: mine\ndescription: one\nspecies: [Si]\neips:\n"
        f"  - name: mine\n    source: {MINE!r}\n    citation: {{authors: A. Me, title: Mine, "
        "journal: '', volume: '', pages: '', year: 2020, doi: ''}\n"
    )
    (tmp_path / "mine.yaml").write_text(text)
    found = EIPCitations([read_card(str(tmp_path / "mine.yaml"))]).cite(MINE)
    assert [entry.key for entry in found.entries] == ["me:2020"]
    assert found.missing == ""
    found = EIPCitations().cite(MINE)
    assert found.entries == []
    assert "no citation is known" in found.missing


def test_parameter_sets_of_matscipy_name_their_paper() -> None:
    [entry] = EIPCitations().cite(MATSCIPY).entries
    assert entry.key == "Stillinger_Weber_PRB_31_5262_Si"
    assert entry.fields["note"] == "F. Stillinger and T. Weber, Phys. Rev. B 31, 5262 (1985)"
    assert EIPCitations().cite("matscipy:EAM?fn=./Al.eam").missing


def test_openkim_comes_with_its_items() -> None:
    pytest.importorskip("kimpy")
    found = EIPCitations().cite(SW)
    keys = {entry.key for entry in found.entries}
    assert {"MO_405512056662_005a", "MO_405512056662_005", "tadmor:elliott:2011"} <= keys
    assert found.missing == ""


def test_without_kimpy_the_paper_is_that_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kimpy", None)
    found = EIPCitations().cite(SW)
    assert [entry.key for entry in found.entries] == ["stillinger:1985"]
    assert "read by kimpy" in found.missing


def test_a_model_that_is_not_installed() -> None:
    pytest.importorskip("kimpy")
    assert "not installed here" in EIPCitations().cite("kim:SW_Nobody__MO_0_0").missing


def test_what_is_no_source() -> None:
    assert "no source" in EIPCitations().cite("from a friend").missing


def test_a_line_of_text_as_bibtex() -> None:
    found = strict.read(str(text_entry("my networks:One", "A. Me, 100 % & more")))
    assert found == {
        "my_networks:One": {"ENTRYTYPE": "misc", "note": r"A. Me, 100 \% \& more"},
    }
