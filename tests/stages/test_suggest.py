"""What is suggested: real models of OpenKIM, ranked by errors that are known, and faulty ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.config.label import LabelConfig, SuggestConfig
from eippot.data.candidates import Candidate
from eippot.eips.base import Status
from eippot.eips.cards import Citation, read_card
from eippot.eips.openkim import KIMItem
from eippot.errors import ConfigError, DataError, EIPError
from eippot.stages import label, suggest
from eippot.stages.suggest import SuggestResult
from eippot.structures.io import read_structures, write_structures

pytest.importorskip("kimpy")

from eippot.eips.kim import KIMPotential
from eippot.eips.openkim import installed_items
from tests.eips.evaluating import evaluate

T3 = "Tersoff_LAMMPS_Tersoff_1988T3_Si__MO_186459956893_003"
SW = "SW_StillingerWeber_1985_Si__MO_405512056662_005"
EMT = "EMT_Asap_Standard_JacobsenStoltzeNorskov_1996_Al__MO_623376124862_001"
CITATION = Citation(authors="A. Me", title="", journal="", volume="", pages="", year=2000, doi="")


@dataclass(frozen=True)
class Elsewhere(KIMItem):
    """A candidate whose source is another one than OpenKIM's."""

    text: str = ""

    @property
    def source(self) -> str:
        return self.text


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "eips"))


def _silicon(count: int, truth: str | None = T3) -> list[Atoms]:
    """Crystals, whose "DFT" is a model of OpenKIM on another scale and with another zero."""
    potential = KIMPotential(truth) if truth else None
    structures = []
    for seed in range(count):
        atoms = bulk("Si", cubic=True)
        random = np.random.default_rng(seed)
        atoms.set_cell(random.uniform(0.9, 1.1) * atoms.cell.array, scale_atoms=True)
        atoms.rattle(random.uniform(0.02, 0.2), rng=random)
        if potential:
            found = evaluate(potential, atoms)
            assert found.forces is not None
            atoms.info["REF_energy"] = 1.1 * found.energy - 100.0 * len(atoms)
            atoms.arrays["REF_forces"] = 1.1 * found.forces
        structures.append(atoms)
    return structures


def _suggest(folder: Path, atoms: list[Atoms], **options: object) -> SuggestResult:
    write_structures(folder / "in.extxyz", atoms)
    given = {"input": folder / "in.extxyz", "workers": 1} | options
    return suggest.run(SuggestConfig.model_validate(given))


def _by_name(result: SuggestResult) -> dict[str, Candidate]:
    return {candidate.name: candidate for candidate in result.candidates}


def _choose(monkeypatch: pytest.MonkeyPatch, *models: str, others: Sequence[KIMItem]) -> None:
    """Let nothing be installed but some models, and others that are none of OpenKIM's."""
    items = [item for item in installed_items() if item.model in models]
    monkeypatch.setattr(suggest, "installed_items", lambda: [*items, *others])


def _elsewhere(name: str, text: str, *species: str) -> Elsewhere:
    return Elsewhere(name, name, "", "", frozenset(species), CITATION, text)


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> SuggestResult:
    folder = tmp_path_factory.mktemp("ranked")
    return _suggest(folder, [*_silicon(30), Atoms("Si", info={"REF_energy": -100.0})])


def test_the_model_that_plays_dft_is_found(ranked: SuggestResult) -> None:
    best = ranked.candidates[0]
    assert best.name == "tersoff_1988t3"
    assert best.item.source == f"kim:{T3}"
    assert best.agreement is not None
    assert best.agreement.energy_mae < 1e-6
    assert best.agreement.correlation == pytest.approx(1.0)
    assert best.agreement.forces_mae == pytest.approx(0.0, abs=1e-6)
    assert best.median_ms is not None
    assert ranked.structures == 30  # the isolated atom tells nothing
    assert (ranked.labels, ranked.species) == (31, ("Si",))


def test_errors_are_sorted_and_are_those_that_one_finds_by_hand(ranked: SuggestResult) -> None:
    usable = [c for c in ranked.candidates if c.is_usable]
    errors = [c.agreement.energy_mae for c in usable if c.agreement]
    assert len(errors) == len(usable) > 20
    assert errors == pytest.approx(sorted(errors), abs=1e-5)
    found = _by_name(ranked)["stillinger_1985"].agreement
    assert found is not None
    structures = _silicon(30)
    reference = np.array([atoms.info["REF_energy"] / len(atoms) for atoms in structures])
    potential = KIMPotential(SW)
    energies = np.array([evaluate(potential, a).energy / len(a) for a in structures])
    assert found.correlation == pytest.approx(np.corrcoef(energies, reference)[0, 1])
    line = np.polyfit(energies, reference, 1)
    least_squares = np.abs(np.polyval(line, energies) - reference).mean()
    assert 0.5 * least_squares < found.energy_mae < 1.05 * least_squares
    assert ranked.spread == pytest.approx(np.abs(reference - reference.mean()).mean())


def test_models_that_say_the_same_are_named_and_left_out(ranked: SuggestResult) -> None:
    found = _by_name(ranked)
    assert found["tersoff_1989_sige"].same_as == "tersoff_1989"
    same = {found["stillinger_1985"].same_as, found["balamane_1992"].same_as}
    assert None in same  # one of them is the other, with another scale
    assert same & {"stillinger_1985", "balamane_1992"}
    chosen = {candidate.name for candidate in ranked.chosen}
    assert {"tersoff_1989", "tersoff_1988t3", "tersoff_1988t2"} <= chosen
    assert "tersoff_1989_sige" not in chosen


def test_machine_learned_models_are_left_out_and_counted(ranked: SuggestResult) -> None:
    assert ranked.machine_learned == 2
    assert not any(c.item.potential_type == "snap" for c in ranked.candidates)


def test_all_species_have_to_be_known(tmp_path: Path) -> None:
    atoms = bulk("Ag", cubic=True)
    atoms.symbols[0] = "Pd"
    result = _suggest(tmp_path, [atoms])
    assert result.species == ("Pd", "Ag")
    assert {c.name for c in result.candidates} == {
        "elliott_2015",
        "hale_2008pairhybrid",
        "hale_2008pairmorse",
        "jacobsen_1996",
    }


def test_the_card_labels(tmp_path: Path) -> None:
    path = tmp_path / "my-set.yaml"
    result = _suggest(tmp_path, _silicon(20), output=path)
    assert result.output == path
    card = read_card(str(path))
    assert (card.name, card.species) == ("my-set", ("Si",))
    assert [eip.name for eip in card.eips] == [c.name for c in result.chosen]
    best = card.eips[0]
    assert (best.name, best.source) == ("tersoff_1988t3", f"kim:{T3}")
    assert best.citation.doi == "10.1103/PhysRevB.38.9902"
    assert "Tersoff T3 potential for silicon" in best.note
    assert "on 20 structures of in.extxyz: energy MAE 0 meV/atom, forces MAE 0 meV/Å" in best.note
    labelled = label.run(
        LabelConfig(input=tmp_path / "in.extxyz", output=tmp_path / "out.extxyz", sets=(str(path),))
    )
    assert [eip.name for eip in labelled.eips] == [eip.name for eip in card.eips]
    assert all(eip.counts[Status.OK] >= 18 for eip in labelled.eips)
    assert read_structures(labelled.output)[0].info["eip_tersoff_1988t3_source"] == f"kim:{T3}"
    with pytest.raises(ConfigError, match="Expected a new file for the card"):
        _suggest(tmp_path, _silicon(1), output=path)
    assert read_card(str(path)) == card


@pytest.mark.parametrize("labels", [0, 9])
def test_without_dft_labels_the_newest_are_first(tmp_path: Path, labels: int) -> None:
    structures = [*_silicon(labels), *_silicon(12, truth=None)]
    result = _suggest(tmp_path, structures)
    assert (result.spread, result.labels) == (None, labels)
    assert result.structures == labels + 12
    years = [c.item.citation.year for c in result.candidates if c.is_usable]
    assert years == sorted(years, reverse=True)
    assert all(c.agreement is None for c in result.candidates)
    assert _by_name(result)["tersoff_1989_sige"].same_as == "tersoff_1989"


def test_structures_are_drawn_among_labelled_ones_and_always_the_same(tmp_path: Path) -> None:
    structures = [*_silicon(14), *_silicon(50, truth=None)]
    first, second = (_suggest(tmp_path, structures, structures=12) for _ in range(2))
    assert first.structures == second.structures == 12
    assert first.spread == second.spread
    third = _suggest(tmp_path, structures, structures=12, seed=1)
    assert third.spread != first.spread


def test_a_real_model_that_crashes_costs_its_own_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a quarter of its size a crystal makes a buffer of this model overflow."""
    _choose(monkeypatch, EMT, others=[_elsewhere("fine", "ase:faulty_calculators.Faulty", "Al")])
    structures: list[Atoms] = []
    for scale in (1.0, 0.25, 0.25, 0.25):
        atoms = bulk("Al", cubic=True)
        atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
        atoms.positions[0, 0] = 0.01 * len(structures)
        structures.append(atoms)
    result = _suggest(tmp_path, structures)
    fine, emt = result.candidates
    assert fine.is_usable
    assert (emt.name, emt.counts[Status.OK], emt.counts[Status.FAILED]) == ("jacobsen_1996", 1, 3)
    assert "SIGABRT" in emt.reason
    assert [c.name for c in result.chosen] == ["fine"]


def test_models_that_hang_or_cannot_be_opened_cost_their_own_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = "ase:faulty_calculators.RefusesToStart?fault="
    sources = {
        "aborts_at_once": f"{refuses}abort",
        "hangs": "ase:faulty_calculators.Faulty?fault=sleep",
        "hangs_at_once": f"{refuses}sleep",
        "nan": "ase:faulty_calculators.Faulty?fault=nan",
        "refuses": f"{refuses}raise",
    }
    faulty = [_elsewhere(name, text, "Si") for name, text in sources.items()]
    _choose(monkeypatch, SW, others=faulty)
    limits = {"time_limit": 0.3, "setup_time_limit": 2.0, "give_up_after": 1}
    found = _by_name(_suggest(tmp_path, _silicon(12), **limits))
    assert found["stillinger_1985"].share == 1.0
    assert "SIGABRT" in found["aborts_at_once"].reason
    assert found["hangs"].counts[Status.TIMEOUT] == 12
    assert "no answer in 2 s" in found["hangs_at_once"].reason
    assert found["nan"].counts[Status.NOT_FINITE] == 12
    assert "no parameter file" in found["refuses"].reason


def test_without_anything_of_use_no_card_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = _elsewhere("nan", "ase:faulty_calculators.Faulty?fault=nan", "Si")
    _choose(monkeypatch, others=[faulty])
    result = _suggest(tmp_path, _silicon(2), output=tmp_path / "card.yaml")
    assert result.chosen == ()
    assert result.output is None
    assert not (tmp_path / "card.yaml").exists()


def _only_snap(monkeypatch: pytest.MonkeyPatch) -> None:
    _choose(monkeypatch, "SNAP_ZuoChenLi_2019_Si__MO_869330304805_000", others=[])


def _only_copper(monkeypatch: pytest.MonkeyPatch) -> None:
    _choose(monkeypatch, "EAM_Dynamo_Foiles_1985_Cu__MO_831121933939_000", others=[])


@pytest.mark.parametrize(
    ("install", "message"),
    [
        (_only_copper, "know all of Si, got none among the 1"),
        (_only_snap, "got none but 1 of a machine-learned form among the 1"),
    ],
)
def test_no_model_for_the_species(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    install: Callable[[pytest.MonkeyPatch], None],
    message: str,
) -> None:
    install(monkeypatch)
    with pytest.raises(EIPError, match=message) as caught:
        _suggest(tmp_path, _silicon(1))
    assert "--eip NAME=SOURCE" in caught.value.hint


@pytest.mark.parametrize(
    ("structures", "options", "kind", "message"),
    [
        ([Atoms("Si")], {}, DataError, "got isolated atoms alone"),
        ([bulk("Si")], {"output": "set.txt"}, ConfigError, "ends in .yaml, got set.txt"),
        ([bulk("Si")], {"input": "nowhere.extxyz"}, DataError, "No structure file"),
    ],
)
def test_what_cannot_be_used(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    structures: list[Atoms],
    options: dict[str, object],
    kind: type[Exception],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        _suggest(tmp_path, structures, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.extxyz"]
