"""What goes wrong under MPI elsewhere: each case on several ranks, against Python or one rank."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from tests.lammps.brute_force import Array, Result, evaluate
from tests.lammps.engine import (
    MEASURE,
    SET_UP,
    atomic_values,
    printed,
    run,
    single_point,
    succeed,
    write_structure,
)
from tests.lammps.many_body import ManyBody, write_model
from tests.lammps.test_hybrid import assert_only_silicon
from tests.lammps.test_single_point import SILICON, assert_equal

RANKS: Final = (2, 4)


@pytest.fixture
def crystal(tmp_path: Path) -> Atoms:
    """Silicon of 128 atoms, longer along x, beside a model for it."""
    atoms = bulk("Si", cubic=True) * (4, 2, 2)
    atoms.rattle(0.1, seed=3)
    write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, atoms, ("Si",))
    return atoms


def assert_same_as_python(folder: Path, found: Result, atoms: Atoms) -> None:
    assert_equal(found, evaluate(folder / "model.pt", atoms), "float64")


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize(
    "commands", ["newton off", "newton on off", "newton off on", "comm_style tiled"]
)
def test_newton_and_communication(
    tmp_path: Path, crystal: Atoms, commands: str, ranks: int
) -> None:
    script = f"{commands}\n{SET_UP.format(boundary='p p p')}{SILICON}{MEASURE}"
    energy = printed(succeed(tmp_path, script, ranks=ranks))[0]
    expected = evaluate(tmp_path / "model.pt", crystal)
    assert energy == pytest.approx(expected.energy, rel=1e-12)
    table = atomic_values(tmp_path)
    np.testing.assert_allclose(table[:, 1:4], expected.forces, rtol=0, atol=1e-10)
    np.testing.assert_allclose(table[:, 4], expected.energies, rtol=0, atol=1e-10)


def test_atomic_virials_do_not_depend_on_newton_or_ranks(tmp_path: Path, crystal: Atoms) -> None:
    """Neither those of stress/atom nor those of centroid/stress/atom."""
    found = []
    for ranks in (1, 4):
        for newton in ("on", "off"):
            script = (
                f"newton {newton}\n"
                + SET_UP.format(boundary="p p p")
                + SILICON
                + """
compute halves all stress/atom NULL pair
compute whole all centroid/stress/atom NULL pair
run 0
write_dump all custom virials.txt id c_halves[*] c_whole[*] modify sort id format float %.17g
"""
            )
            succeed(tmp_path, script, ranks=ranks)
            found.append(np.loadtxt(tmp_path / "virials.txt", skiprows=9))
    scale = np.abs(found[0]).max()
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-12 * scale)
    halves, whole = found[0][:, 1:7].sum(axis=0), found[0][:, 7:].sum(axis=0)
    np.testing.assert_allclose(whole[:6], halves, rtol=0, atol=1e-11 * scale)


@pytest.mark.parametrize("ranks", RANKS)
def test_null_atoms_at_a_boundary_and_on_a_whole_rank(
    tmp_path: Path, crystal: Atoms, ranks: int
) -> None:
    """All of the right half but a few, and a few of the left half."""
    right = crystal.positions[:, 0] > crystal.cell[0, 0] / 2
    crystal.symbols[right] = "Ge"
    crystal.symbols[[1, 30, 60]] = "Ge"
    write_structure(tmp_path, crystal, ("Si", "Ge"))
    potential = (
        "pair_style hybrid/overlay eippot zero 5.0\n"
        "pair_coeff * * eippot model.pt Si NULL\npair_coeff * * zero\n"
    )
    found = single_point(tmp_path, crystal, potential, ranks=ranks)
    assert_only_silicon(tmp_path / "model.pt", found, crystal)


@pytest.mark.parametrize("ranks", RANKS)
def test_deleted_atoms(tmp_path: Path, crystal: Atoms, ranks: int) -> None:
    """IDs have gaps, and one rank is left without atoms."""
    ids = [7 * k + 5 for k in range(len(crystal))]
    write_structure(tmp_path, crystal, ("Si",), ids)
    left = crystal.positions[:, 0] < crystal.cell[0, 0] / ranks
    names = " ".join(str(i) for i, is_left in zip(ids, left, strict=True) if is_left)
    deleted = f"group some id {names}\ndelete_atoms group some compress no\n"
    found = single_point(tmp_path, crystal, SILICON + deleted, ranks=ranks)
    assert_same_as_python(tmp_path, found, crystal[~left])


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize(
    ("units", "angstrom", "electronvolt"),
    [
        ("real", 1.0, 23.060549),
        ("si", 1e-10, 1.6021765e-19),
        ("electron", 1.88972612, 1.0 / 27.2113834),
    ],
)
def test_units(
    tmp_path: Path, crystal: Atoms, units: str, angstrom: float, electronvolt: float, ranks: int
) -> None:
    expected = evaluate(tmp_path / "model.pt", crystal)
    scaled = crystal.copy()
    scaled.set_cell(crystal.cell.array * angstrom, scale_atoms=True)
    write_structure(tmp_path, scaled, ("Si",))
    script = SET_UP.format(boundary="p p p").replace("metal", units)
    script += f"neighbor {angstrom} bin\n" + SILICON + MEASURE
    energy = printed(succeed(tmp_path, script, ranks=ranks))[0]
    assert energy == pytest.approx(expected.energy * electronvolt, rel=2e-6)
    forces = atomic_values(tmp_path)[:, 1:4] * angstrom / electronvolt
    np.testing.assert_allclose(forces, expected.forces, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ranks", RANKS)
def test_overlay_with_zbl(tmp_path: Path, crystal: Atoms, ranks: int) -> None:
    zbl = "pair_style zbl 2.0 3.0\npair_coeff * * 14 14\n"
    both = (
        "pair_style hybrid/overlay zbl 2.0 3.0 eippot\n"
        "pair_coeff * * zbl 14 14\npair_coeff * * eippot model.pt Si\n"
    )
    alone = single_point(tmp_path, crystal, zbl)
    together = single_point(tmp_path, crystal, both, ranks=ranks)
    ours = evaluate(tmp_path / "model.pt", crystal)
    assert np.abs(alone.forces).max() > 0.01
    assert together.energy == pytest.approx(alone.energy + ours.energy, rel=1e-12)
    np.testing.assert_allclose(together.forces, alone.forces + ours.forces, rtol=0, atol=1e-9)
    np.testing.assert_allclose(together.virial, alone.virial + ours.virial, rtol=0, atol=1e-8)


def test_worlds_of_their_own(tmp_path: Path, crystal: Atoms) -> None:
    """Two partitions of two ranks each, with different structures."""
    strained = crystal.copy()
    strained.set_cell(1.02 * crystal.cell.array, scale_atoms=True)
    (tmp_path / "structure.data").rename(tmp_path / "0.data")
    write_structure(tmp_path, strained, ("Si",))
    (tmp_path / "structure.data").rename(tmp_path / "1.data")
    script = "variable w world 0 1\n" + SET_UP.format(boundary="p p p").replace(
        "structure.data", "$w.data"
    )
    script += SILICON + 'run 0\nprint "$(pe:%.17g)" file energy.$w\n'
    output = run(tmp_path, script, ranks=4, arguments=("-partition", "2x2", "-screen", "none"))
    assert output.endswith("exit code 0"), output
    for name, atoms in (("energy.0", crystal), ("energy.1", strained)):
        energy = float((tmp_path / name).read_text())
        assert energy == pytest.approx(evaluate(tmp_path / "model.pt", atoms).energy, rel=1e-12)


@pytest.mark.parametrize(
    "commands",
    [
        "balance 1.0 shift x 20 1.01\n",
        "comm_style tiled\nbalance 1.0 rcb\n",
        "comm_style tiled\nfix 9 all balance 2 1.0 rcb\n",
    ],
)
def test_balanced_domains(tmp_path: Path, commands: str) -> None:
    """A crystal in one end of a long box, whose domains are moved to where atoms are."""
    atoms = bulk("Si", cubic=True) * (4, 2, 2)
    atoms.rattle(0.1, seed=3)
    atoms.set_cell(atoms.cell.array * [[3.0], [1.0], [1.0]])
    write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, atoms, ("Si",))
    dynamics = "velocity all create 300 1\nfix 1 all nve\nrun 6\n"
    whole = single_point(tmp_path, atoms, SILICON + dynamics)
    found = single_point(tmp_path, atoms, SILICON + commands + dynamics, ranks=4)
    assert found.energy == pytest.approx(whole.energy, rel=1e-12)
    np.testing.assert_allclose(found.forces, whole.forces, rtol=0, atol=1e-9)


LIQUID: Final = """
velocity all create 3000 12345
fix 1 all nve
timestep 0.001
variable total equal etotal/atoms
fix 2 all print 10 "${total}" file totals.txt screen no title ""
run 200
write_dump all custom end.txt id xu yu zu modify sort id format float %.17g
"""


def test_atoms_that_cross_the_borders(tmp_path: Path, crystal: Atoms) -> None:
    """The same trajectory on any number of ranks, with the same conservation of energy."""
    ends: list[Array] = []
    drifts = []
    for ranks in (1, 2, 4):
        script = SET_UP.format(boundary="p p p") + SILICON + LIQUID
        succeed(tmp_path, script, ranks=ranks)
        ends.append(np.loadtxt(tmp_path / "end.txt", skiprows=9)[:, 1:])
        totals = np.loadtxt(tmp_path / "totals.txt")
        drifts.append(np.polyfit(np.arange(len(totals)) * 0.01, totals, 1)[0])
    assert np.abs(ends[0] - crystal.positions).max() > 2.0
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], rtol=0, atol=1e-8)
    assert max(drifts) - min(drifts) < 1e-7
    assert np.abs(drifts).max() < 1e-3


@pytest.mark.parametrize("ranks", RANKS)
def test_minimize_rerun_and_restart(tmp_path: Path, crystal: Atoms, ranks: int) -> None:
    script = (
        SET_UP.format(boundary="p p p")
        + SILICON
        + f"""
dump 7 all custom 1 frames.txt id type x y z
dump_modify 7 sort id format float %.17g
minimize 0 1e-6 20 200
print "MINIMUM $(pe:%.17g)"
write_restart end.restart
undump 7
rerun frames.txt dump x y z
print "RERUN $(pe:%.17g)"
clear
read_restart end.restart
{SILICON}run 0
print "RESTART $(pe:%.17g)"
"""
    )
    output = succeed(tmp_path, script, ranks=ranks)
    (minimum,) = printed(output, "MINIMUM")
    assert minimum < evaluate(tmp_path / "model.pt", crystal).energy - 0.1
    assert printed(output, "RERUN")[0] == pytest.approx(minimum, rel=1e-12)
    assert printed(output, "RESTART")[0] == pytest.approx(minimum, rel=1e-12)
