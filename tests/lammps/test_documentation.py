"""What docs/lammps.md shows is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ase.build import bulk

from tests.lammps.engine import succeed
from tests.lammps.many_body import ManyBody, write_model
from tests.networks import export_runs, know, save_run

DOCUMENT = Path(__file__).parents[2] / "docs" / "lammps.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)


def test_the_input_script_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    write_model(tmp_path / "si.pt", ManyBody())
    script, *_ = blocks("lammps")
    (shown,) = blocks("text")
    output = succeed(tmp_path, script)
    for line in shown.splitlines():
        assert line[:15] in output


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_spread_of_a_committee(tmp_path: Path, ranks: int) -> None:
    write_model(tmp_path / "si.pt", ManyBody())
    script, spread, _ = blocks("lammps")
    before, run, after = script.partition("run  ")
    output = succeed(tmp_path, before + spread + run + after, ranks=ranks)
    assert "c_largest" in output


def test_where_it_was_not_trained(tmp_path: Path) -> None:
    """A crystal that is at rest in LAMMPS, and wider in the training."""
    run = save_run(tmp_path / "run", species=["Si"], reference_energies={"Si": -100.0})
    know(run, [bulk("Si", a=6.0)])
    export_runs(tmp_path / "si.pt", run)
    script, _, grade = blocks("lammps")
    before, _, after = script.partition("pair_style ")
    after = after.partition("velocity")[2].replace("run             500", "run 100")
    output = succeed(tmp_path, f"{before}{grade}velocity{after}")
    assert "c_worst" in output
    assert "64 of 64 atoms have extrapolation_grade above 2" in output
