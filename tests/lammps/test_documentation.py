"""What docs/lammps.md shows is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lammps.engine import succeed
from tests.lammps.many_body import ManyBody, write_model

DOCUMENT = Path(__file__).parents[2] / "docs" / "lammps.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)


def test_the_input_script_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    write_model(tmp_path / "si.pt", ManyBody())
    script, _ = blocks("lammps")
    (shown,) = blocks("text")
    output = succeed(tmp_path, script)
    for line in shown.splitlines():
        assert line[:15] in output


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_spread_of_a_committee(tmp_path: Path, ranks: int) -> None:
    write_model(tmp_path / "si.pt", ManyBody())
    script, spread = blocks("lammps")
    before, run, after = script.partition("run  ")
    output = succeed(tmp_path, before + spread + run + after, ranks=ranks)
    assert "c_largest" in output
