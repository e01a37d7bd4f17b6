"""The walk from DFT labels of silicon to MD works, on a few structures and for a few steps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from eippot.structures.io import read_structures, write_structures
from tests.docs.markdown import ROOT, blocks, commands, without_numbers
from tests.docs.newcomer import SMALL, run
from tests.lammps.engine import succeed

PAGE: Final = ROOT / "docs" / "silicon-from-scratch.md"
DATA: Final = Path("examples/silicon/silicon_dft.extxyz.xz")
#: those that the page shows errors of.
KINDS: Final = {"isolated_atom", "bulk_diamond", "vacancy"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder beside that of eippot, which has a part of the data."""
    some = [a for a in read_structures(ROOT / DATA) if a.info["config_type"] in KINDS]
    write_structures(tmp_path / "eippot" / DATA, some[:50])
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path / "empty"


@pytest.mark.filterwarnings("ignore:logm")  # a tiny network strains a cell wildly
def test_every_step_works_and_prints_what_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("kimpy")
    dividing, relaxing = blocks(PAGE, "python")
    relaxed, simulated = blocks(PAGE, "text")
    exec(compile(dividing.replace("400", "20"), PAGE.name, "exec"), {})
    for command in commands(PAGE):
        result = run(command.line + _small(command.line), folder)
        assert result.ok, f"{command.line}\n{result.output}"
        printed = without_numbers(result.output)
        for line in command.shown:
            assert without_numbers(line) in printed, command.line
    capsys.readouterr()
    exec(compile(relaxing.replace("fmax=0.001", "steps=2"), PAGE.name, "exec"), {})
    assert without_numbers(capsys.readouterr().out) == without_numbers(relaxed)
    (script,) = blocks(PAGE, "lammps")
    short = re.sub(r"(?m)^run .*", "run 20", script.replace("10 1000 10000", "1 5 10"))
    printed = without_numbers(succeed(folder, short))
    for line in simulated.splitlines():
        assert without_numbers(line) in printed


def _small(line: str) -> str:
    training = re.match(r"eippot (pretrain|finetune) ", line)
    names = ("channels", "n_max", "l_max") if training and training[1] == "pretrain" else ()
    changes = {f"model.{name}": SMALL[name] for name in names}
    if training:
        changes["training.steps"] = 20
    return "".join(f" --set {name}={value}" for name, value in changes.items())
