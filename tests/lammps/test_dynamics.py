"""Runs, not single points: neighbor lists age, boxes change, atoms cross the boundary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from tests.lammps.engine import SET_UP, printed, succeed, write_structure
from tests.lammps.many_body import ManyBody, write_model

START = SET_UP.format(boundary="p p p") + "pair_style eippot\npair_coeff * * model.pt Si\n"
RELAX = "min_style cg\nminimize 0 1e-6 1000 10000\n"


@pytest.fixture
def folder(tmp_path: Path, silicon64: Atoms) -> Path:
    write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    return tmp_path


def test_energy_is_conserved(folder: Path) -> None:
    script = (
        START
        + RELAX
        + """
velocity all create 600 12345
fix 1 all nve
timestep 0.0005
variable total equal etotal/atoms
fix 2 all print 10 "TOTAL ${total}" file totals.txt screen no title ""
run 1000
print "RESULT $(temp)"
"""
    )
    (temperature,) = printed(succeed(folder, script))
    assert 100 < temperature < 600
    totals = np.loadtxt(folder / "totals.txt", usecols=1)
    assert len(totals) == 100
    assert np.ptp(totals) < 2e-5  # eV/atom: the oscillation of velocity Verlet, no trend
    drift = np.polyfit(np.arange(100) * 0.005, totals, 1)[0]
    assert abs(drift) < 1e-5  # eV/atom/ps


def test_an_aged_neighbor_list_gives_the_same_trajectory(folder: Path) -> None:
    script = (
        START
        + """
velocity all create 900 12345 dist gaussian
fix 1 all nve
neigh_modify {modify}
run 200 post no
print "RESULT $(pe:%.17g) $(etotal:%.17g) $(press:%.17g)"
"""
    )
    always = printed(succeed(folder, script.format(modify="every 1 delay 0 check no")))
    when_needed = printed(succeed(folder, script.format(modify="every 1 delay 0 check yes")))
    np.testing.assert_allclose(when_needed, always, rtol=1e-8)


def test_minimize(folder: Path) -> None:
    output = succeed(folder, START + RELAX + 'print "RESULT $(fnorm) $(fmax)"\n')
    assert max(printed(output)) < 1e-4


def test_npt_moves_the_box(folder: Path) -> None:
    script = (
        START
        + RELAX
        + """
velocity all create 300 12345
fix 1 all npt temp 300 300 0.1 tri 0 0 1
change_box all triclinic
run 0
print "RESULT $(vol) $(vol)"
"""
    )
    script = (
        script.replace("change_box all triclinic\n", "").replace(
            START, START + "change_box all triclinic\n"
        )
        + 'run 50\nprint "AFTER $(vol) $(press)"\n'
    )
    output = succeed(folder, script)
    before, after = printed(output)[0], printed(output, "AFTER")[0]
    assert np.isfinite(after)
    assert abs(after / before - 1) > 1e-4


def test_restart_and_rerun_repeat_the_energies(folder: Path) -> None:
    pair = "pair_style eippot\npair_coeff * * model.pt Si\n"
    first = succeed(
        folder,
        START
        + """
velocity all create 600 12345
fix 1 all nve
dump 1 all custom 20 trajectory.dump id type x y z
dump_modify 1 format float %.17g
run 20
write_restart restart.bin
print "RESULT $(pe:%.17g)"
""",
    )
    again = succeed(folder, f'read_restart restart.bin\n{pair}run 0\nprint "RESULT $(pe:%.17g)"\n')
    rerun = succeed(
        folder, START + 'rerun trajectory.dump dump x y z\nprint "RESULT $(pe:%.17g)"\n'
    )
    (expected,) = printed(first)
    assert printed(again) == pytest.approx([expected], rel=1e-12)
    assert printed(rerun) == pytest.approx([expected], rel=1e-12)
