"""``python -m eippot.testing`` shows every cell, and what failed."""

from __future__ import annotations

import re

import pytest

from eippot.testing import ARCHITECTURES, Check, title
from eippot.testing import __main__ as program
from eippot.testing.checks.sizes import check_no_edges, check_one_atom
from eippot.testing.checks.symmetry import check_species
from eippot.testing.table import Outcome, to_table

BROKEN = "tests.physics.broken:IgnoresSpecies"


@pytest.fixture(autouse=True)
def _few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "CHECKS", (check_species, check_no_edges))


def test_no_cell_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["schnet"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"schnet +┃ +schnet .*\n.*property +┃ float32 ┃ float64", shown)
    for check in (check_species, check_no_edges):
        assert re.search(rf"{title(check)} +│ +ok \d+\.\d │ +ok \d+\.\d │\n", shown)
    assert shown.endswith("4 of 4 hold.\n")


def test_all_architectures_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([]) == 0
    count = 4 * len(ARCHITECTURES)
    assert f"{count} of {count} hold." in capsys.readouterr().out


def test_failures_are_shown_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["schnet", BROKEN]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"species +│ +ok .* ok .* FAILED .* FAILED \d+\.\d │\n", shown)
    assert f"\n{BROKEN} float32, species: cluster: expected atom 0 to feel" in shown
    assert shown.endswith("6 of 8 hold.\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("schnett", "expected one of schnet"),
        ("not_there:Model", "No module named 'not_there'"),
        ("tests.physics.broken:BrokenConfig", "attribute `Config`"),
    ],
)
def test_unknown_names_are_refused(
    capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    assert program.main([name]) == 1
    shown = capsys.readouterr()
    assert message in shown.err
    assert not shown.out


def test_a_missing_cell_is_an_error() -> None:
    done = Outcome(0.0)
    complete: dict[Check, Outcome] = {check_species: done, check_one_atom: done}
    partial: dict[Check, Outcome] = {check_species: done}
    with pytest.raises(KeyError):
        to_table({"one": complete, "other": partial})
