"""The page about interfaces: its blocks run, and its table has the names that are read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk

from eippot.structures import adoption
from eippot.structures.io import read_structures, write_structures
from tests.docs.markdown import ROOT, blocks, code, commands, without_numbers
from tests.docs.newcomer import run

PAGE = ROOT / "docs" / "interfaces.md"


def test_names_are_those_of_the_code() -> None:
    names = {name for names in adoption._NAMES.values() for name in names}
    table = PAGE.read_text().split("| label | names | who |")[1].split("\n\n")[0]
    listed = {word for row in table.splitlines() for word in row.split("|")[2:3]}
    found = {name.strip().strip("`") for cell in listed for name in cell.split(",")}
    assert found - {"", "---"} == names | set(adoption._LAST_ENERGIES)


def test_labels_that_differ_are_chosen_from_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("kimpy")
    monkeypatch.chdir(tmp_path)
    write_structures(Path("gap.xyz"), [_labelled(a) for a in (5.3, 5.4, 5.5)])
    for command in commands(PAGE):
        result = run(command.line, tmp_path)
        assert result.ok, result.output
        for line in command.shown:
            assert without_numbers(line) in without_numbers(result.output)
    assert "energy from `dft_energy` (3 of 3)" in caplog.text
    assert read_structures(Path("labelled.extxyz"))[0].info["REF_energy"] == -10.6


def _labelled(a: float) -> Atoms:
    atoms = bulk("Si", a=a)
    atoms.info |= {"energy": -1.0, "dft_energy": -2 * a}
    return atoms


@pytest.mark.parametrize("index", [0, 1])
def test_snippets_run(
    index: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: Path
) -> None:
    pytest.importorskip("torch_sim", reason="pip install 'eippot[torch-sim]'")
    monkeypatch.chdir(tmp_path)
    shutil.copy(exported, "si.pt")
    exec(compile(blocks(PAGE, "python")[index], PAGE.name, "exec"), {})


def test_no_program_is_named_in_vain() -> None:
    assert {"ase info --plugins", "eippot --install-completion"} <= set(code(PAGE))
    assert len(blocks(PAGE, "python")) == 2
