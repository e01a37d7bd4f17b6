"""DFT labels of other programs are found under their names, once, and with the right sign."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.db import connect
from ase.stress import voigt_6_to_full_3x3_stress

from eippot.errors import DataError
from eippot.structures.adoption import hint_without_energies
from eippot.structures.io import (
    energy_of,
    forces_of,
    read_structures,
    stress_of,
    write_structures,
)
from eippot.units import GPA_PER_EV_PER_A3

VASP = Path(ase.__path__[0]) / "test" / "testdata" / "vasp"
ENERGY = -4.25
FORCES = [[0.5, -0.25, 0.125], [-0.5, 0.25, -0.125]]
STRESS = [[0.01, 0.006, 0.005], [0.006, 0.02, 0.004], [0.005, 0.004, 0.03]]
VOLUME = 40.0
VOIGT = "0.01 0.02 0.03 0.004 0.005 0.006"
NINE = " ".join(str(x) for row in STRESS for x in row)
VIRIAL = " ".join(str(-VOLUME * x) for row in STRESS for x in row)


def _forces(atoms: Atoms) -> np.ndarray:
    forces = forces_of(atoms, "REF_forces")
    assert forces is not None
    return forces


def _stress(atoms: Atoms) -> np.ndarray:
    stress = stress_of(atoms, "REF_stress")
    assert stress is not None
    return stress


def write(path: Path, comment: str, column: str = "", periodic: str = 'pbc="T T T"') -> Path:
    """Two atoms with labels, as text."""
    columns = f"species:S:1:pos:R:3{column and f':{column}:R:3'}"
    lines = [f'2\nLattice="4 0 0 0 5 0 0 0 2" Properties={columns} {periodic} {comment}']
    for place, force in zip(("0 0 0", "2 1 1"), FORCES, strict=True):
        lines.append(f"Si {place} {' '.join(map(str, force)) if column else ''}")
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("comment", "column"),
    [
        pytest.param(f'energy={ENERGY} stress="{NINE}"', "forces", id="ase"),
        pytest.param(f'REF_energy={ENERGY} REF_virials="{VIRIAL}"', "REF_forces", id="mace"),
        pytest.param(f'REF_energy={ENERGY} REF_stress="{VOIGT}"', "REF_forces", id="mace-stress"),
        pytest.param(f'total_energy={ENERGY} virial="{VIRIAL}"', "forces", id="nequip"),
        pytest.param(f'energy={ENERGY} virial="{VIRIAL}"', "forces", id="graph-pes"),
        pytest.param(f'dft_energy={ENERGY} dft_virial="{VIRIAL}"', "dft_force", id="gap"),
        pytest.param(f'DFT_energy={ENERGY} virials="{VIRIAL}"', "DFT_forces", id="quip"),
        pytest.param(f'Energy="{ENERGY}" Stress="{VOIGT}"', "for", id="kliff"),
    ],
)
def test_names_of_other_programs(tmp_path: Path, comment: str, column: str) -> None:
    [atoms] = read_structures(write(tmp_path / "a.xyz", comment, column))
    assert energy_of(atoms, "REF_energy") == ENERGY
    np.testing.assert_array_equal(_forces(atoms), FORCES)
    np.testing.assert_allclose(_stress(atoms), STRESS, atol=1e-12)


def test_what_was_taken_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "a.xyz", f"dft_energy={ENERGY}", "dft_force")
    read_structures(write(path, "config_type=pool"))
    [said] = caplog.messages
    assert said.endswith("energy from `dft_energy` (1 of 2), forces from `dft_force` (1 of 2).")
    caplog.clear()
    write_structures(tmp_path / "b.extxyz", read_structures(path))
    caplog.clear()
    read_structures(tmp_path / "b.extxyz")
    assert not caplog.messages


def test_reference_labels_are_left_alone(tmp_path: Path) -> None:
    [atoms] = read_structures(write(tmp_path / "a.xyz", "REF_energy=-1 dft_energy=-2"))
    assert atoms.info["REF_energy"] == -1
    assert atoms.info["dft_energy"] == -2


def test_labels_that_differ_have_to_be_chosen_from(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "energy=-2 dft_energy=-2")
    write(path, "energy=-2 dft_energy=-3")
    with pytest.raises(
        DataError, match=r"`energy` and\s`dft_energy`.*0.5 eV/atom \(structure 1\)"
    ) as e:
        read_structures(path)
    assert "--key energy=NAME" in e.value.hint
    chosen = read_structures(path, {"energy": "dft_energy"})
    assert [atoms.info["REF_energy"] for atoms in chosen] == [-2, -3]


def test_stress_and_virial_may_both_be_there_if_they_agree(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", f'stress="{NINE}" virial="{VIRIAL}"')
    np.testing.assert_allclose(_stress(read_structures(path)[0]), STRESS)
    wrong = write(tmp_path / "b.xyz", f'stress="{NINE}" virial="{NINE}"')
    with pytest.raises(DataError, match="`stress` and `virial`"):
        read_structures(wrong)
    [atoms] = read_structures(wrong, {"virial": "virial"})
    np.testing.assert_allclose(_stress(atoms), -np.array(STRESS) / VOLUME)


def test_a_choice_wins_over_reference_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "REF_energy=-1 pbe0_energy=-2")
    [atoms] = read_structures(path, {"energy": "pbe0_energy"})
    assert atoms.info["REF_energy"] == -2


def test_a_choice_that_is_nowhere(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "MACE_energy=-1", "MACE_forces")
    with pytest.raises(DataError, match="`dft_energy`, which was asked for as energy") as error:
        read_structures(path, {"energy": "dft_energy"})
    assert error.value.hint == "There are MACE_energy, MACE_forces."


def test_stress_and_virial_cannot_both_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got both"):
        read_structures(write(tmp_path / "a.xyz", ""), {"stress": "a", "virial": "b"})


def test_labels_that_are_not_finite_do_not_count_where_others_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "energy=nan dft_energy=-2")
    write(path, "energy=nan dft_energy=nan")
    energies = [atoms.info["REF_energy"] for atoms in read_structures(path)]
    np.testing.assert_array_equal(energies, [-2, np.nan])


def test_predictions_are_no_labels(tmp_path: Path) -> None:
    structures = read_structures(write(tmp_path / "a.xyz", "MACE_energy=-1", "MACE_forces"))
    assert energy_of(structures[0], "REF_energy") is None
    assert "Here are `MACE_energy`" in hint_without_energies(structures)


def test_the_energy_without_smearing_comes_first(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "energy=-2 free_energy=-2.5")
    write(path, "free_energy=-3.5")
    assert [a.info["REF_energy"] for a in read_structures(path)] == [-2, -3.5]


@pytest.mark.parametrize(
    ("comment", "column"),
    [('dft_virial="1 2 3 4 5 6"', ""), ('total_energy="1 2"', ""), ("Energy=failed", "")],
)
def test_labels_of_wrong_shape(tmp_path: Path, comment: str, column: str) -> None:
    name = comment.split("=")[0]
    with pytest.raises(DataError, match=f"`{name}` should"):
        read_structures(write(tmp_path / "a.xyz", comment, column))


def test_periodicity_of_kliff(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "Energy=-1", periodic='PBC="1 1 0"')
    [atoms] = read_structures(path)
    assert atoms.pbc.tolist() == [True, True, False]
    assert "PBC" not in atoms.info


def test_outcar(tmp_path: Path) -> None:
    """Energy without smearing; VASP writes pressures, kB, as XX YY ZZ XY YZ ZX."""
    shutil.copy(VASP / "OUTCAR_example_1", tmp_path / "OUTCAR")
    atoms = read_structures(tmp_path / "OUTCAR")[-1]
    text = (tmp_path / "OUTCAR").read_text()
    energy = re.findall(r"energy  without .*energy\(sigma->0\) = +(\S+)", text)[-1]
    assert energy_of(atoms, "REF_energy") == pytest.approx(float(energy))
    xx, yy, zz, xy, yz, zx = map(float, re.findall(r"in kB (.*)", text)[-1].split())
    pressure = np.array([[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]]) / 10 / GPA_PER_EV_PER_A3
    np.testing.assert_allclose(_stress(atoms), -pressure, rtol=1e-5)
    block = text.split("TOTAL-FORCE (eV/Angst)")[-1].splitlines()[2 : 2 + len(atoms)]
    forces = [[float(x) for x in line.split()[3:]] for line in block]
    np.testing.assert_allclose(_forces(atoms), np.array(forces))


def test_vasprun(tmp_path: Path) -> None:
    shutil.copy(VASP / "vasprun_pstress.xml", tmp_path / "vasprun.xml")
    atoms = read_structures(tmp_path / "vasprun.xml")[-1]
    text = (tmp_path / "vasprun.xml").read_text()
    row = re.findall(r'<varray name="stress" >\s*<v>(.*?)</v>', text)[-1]
    assert _stress(atoms)[0, 0] == pytest.approx(
        -float(row.split()[0]) / 10 / GPA_PER_EV_PER_A3, rel=1e-5
    )
    assert energy_of(atoms, "REF_energy") == pytest.approx(-20.2472, abs=1e-4)
    assert forces_of(atoms, "REF_forces") is not None


def test_database_of_ase(tmp_path: Path) -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1)
    atoms.calc = EMT()
    energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    with connect(tmp_path / "a.db") as database:
        database.write(atoms, functional="none")
    [found] = read_structures(tmp_path / "a.db")
    assert energy_of(found, "REF_energy") == pytest.approx(energy)
    np.testing.assert_allclose(_forces(found), forces, atol=1e-9)
    np.testing.assert_allclose(_stress(found), voigt_6_to_full_3x3_stress(stress), atol=1e-9)


def test_what_is_written_has_the_names_that_mace_looks_for(tmp_path: Path) -> None:
    structures = read_structures(write(tmp_path / "a.xyz", f'energy={ENERGY} stress="{NINE}"'))
    write_structures(tmp_path / "b.extxyz", structures)
    atoms = ase.io.read(tmp_path / "b.extxyz")
    assert atoms.calc is None
    assert atoms.info["REF_energy"] == ENERGY
    assert atoms.info["REF_stress"].shape == (6,)


def test_the_reader_is_quiet_where_there_are_no_labels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        read_structures(write(tmp_path / "a.xyz", "config_type=pool"))
    assert not caplog.messages
