"""What the installed items of OpenKIM say of themselves, all of them, and what they ask to cite."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from eippot.errors import MissingDependencyError
from tests.citations import strict

pytest.importorskip("kimpy")

from eippot.eips import openkim
from eippot.eips.cards import card_names, read_card
from eippot.eips.kim import installed_models
from eippot.eips.openkim import KIMItem, cite_model, installed_items

SW = "SW_StillingerWeber_1985_Si__MO_405512056662_005"


@pytest.fixture(scope="module")
def items() -> dict[str, KIMItem]:
    return {item.model: item for item in installed_items()}


def test_every_item_with_a_kim_id_can_be_read(items: dict[str, KIMItem]) -> None:
    portable = [name for name, kind in installed_models().items() if kind == "portableModel"]
    assert set(items) == {
        name for name in portable if name.partition("__")[2] and not name.startswith("LennardJones")
    }
    for item in items.values():
        assert item.title
        assert item.potential_type
        assert item.species
        assert item.citation.authors
        assert item.citation.title
        assert 1900 < item.citation.year < 2030
        for text in (item.title, *item.citation.model_dump().values()):
            assert not set("{}\\$") & set(str(text)), text


def test_an_item(items: dict[str, KIMItem]) -> None:
    item = items[SW]
    assert item.title == "Stillinger-Weber potential for Si due to Stillinger and Weber (1985)"
    assert "cohesive energy diamond Si obtained from this model is 4.3364 eV" in item.description
    assert (item.potential_type, sorted(item.species)) == ("sw", ["Si"])
    assert item.source == f"kim:{SW}"
    assert item.citation.authors == "Frank H. Stillinger, Thomas A. Weber"
    assert (item.citation.journal, item.citation.volume) == ("Physical Review B", "31")
    assert (item.citation.pages, item.citation.year) == ("5262-5271", 1985)
    assert item.citation.doi == "10.1103/PhysRevB.31.5262"


def test_citations_are_those_that_people_wrote_into_the_cards(items: dict[str, KIMItem]) -> None:
    """But for one of which OpenKIM calls another paper of the same authors the primary one."""
    differ = []
    for name in card_names():
        for eip in read_card(name).eips:
            item = items.get(eip.source.removeprefix("kim:"))
            if item and item.citation.doi.lower() != eip.citation.doi.lower():
                differ.append(f"{name} {eip.name}")
    assert differ == ["tungsten ackland"]


def test_an_item_without_a_paper_is_cited_itself(items: dict[str, KIMItem]) -> None:
    citation = items["MEAM_LAMMPS_Wagner_2007_Cu__MO_313717476091_000"].citation
    assert (citation.authors, citation.journal) == ("Gregory J. Wagner", "OpenKIM")
    assert citation.doi == "10.25950/57ccd935"


def test_machine_learned_forms_are_told_apart(items: dict[str, KIMItem]) -> None:
    kinds = Counter(item.potential_type for item in items.values() if item.is_machine_learned)
    assert set(kinds) == {"snap", "dunn", "hnn"}
    assert not items[SW].is_machine_learned


def test_names_are_short_and_can_be_told_apart(items: dict[str, KIMItem]) -> None:
    assert list(items[SW].names()) == [
        "stillinger_1985",
        "stillinger_1985_si",
        "sw_stillinger_1985",
        "sw_stillingerweber_1985_si_mo_405512056662_005",
    ]
    last = [list(item.names())[-1] for item in items.values()]
    assert len(set(last)) == len(last)


def test_what_openkim_asks_to_cite() -> None:
    entries = cite_model(SW)
    keys = [entry.key for entry in entries]
    assert keys[:2] == ["MO_405512056662_005a", "MO_405512056662_005b"]
    assert set(keys[2:]) == {
        "MO_405512056662_005",
        "MD_335816936951_004",
        "tadmor:elliott:2011",
        "elliott:tadmor:2011",
    }
    assert entries[0].doi == "10.1103/physrevb.31.5262"
    assert cite_model("SW_Nobody_1999_Si__MO_000000000000_000") == []


def test_the_bibtex_of_every_item_is_valid(items: dict[str, KIMItem]) -> None:
    for model in items:
        entries = cite_model(model)
        assert {"tadmor:elliott:2011", model.rpartition("__")[2]} <= {e.key for e in entries}
        strict.read("\n\n".join(map(str, entries)))


def test_an_item_that_cannot_be_read_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def damaged(kimpy: object, model: str) -> dict[str, str]:
        return {"kimspec.edn": '{"title" "one" "species" ["Si"' if model == SW else "{}"}

    monkeypatch.setattr(openkim, "_metadata", damaged)
    assert installed_items() == []
    assert f"kimspec.edn of {SW} cannot be read" in caplog.text


def test_without_models_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.eips.kim.installed_models", dict)
    with pytest.raises(MissingDependencyError, match="no KIM model is"):
        installed_items()


@pytest.mark.parametrize("module", ["kimpy", "kim_edn"])
def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"kimpy|kim-edn") as caught:
        installed_items()
    assert "eippot[kim]" in caught.value.hint
