"""Reading and writing: labels get names of their own, and bad files are refused with a reason."""

from __future__ import annotations

import lzma
from lzma import LZMAFile
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms

from eippot.errors import DataError
from eippot.structures.io import (
    energy_of,
    forces_of,
    has_reference_energy,
    read_structures,
    stress_of,
    write_structures,
)
from eippot.testing.structures import cluster, periodic

FORCES = np.arange(24.0).reshape(8, 3)


def _with_results(atoms: Atoms, **results: object) -> Atoms:
    atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


@pytest.mark.parametrize("name", ["a.extxyz", "a.xyz", "a.extxyz.xz", "a.extxyz.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    atoms = periodic()
    atoms.info["REF_energy"] = -123.456789012
    atoms.info["REF_stress"] = np.arange(6.0)
    atoms.arrays["eip_sw_forces"] = FORCES
    write_structures(tmp_path / name, [atoms, cluster()])
    first, second = read_structures(tmp_path / name)
    np.testing.assert_allclose(first.positions, atoms.positions, atol=1e-8)
    np.testing.assert_allclose(first.cell.array, atoms.cell.array, atol=1e-8)
    assert first.pbc.all()
    assert not second.pbc.any()
    assert first.info["REF_energy"] == -123.456789012
    np.testing.assert_array_equal(first.info["REF_stress"], np.arange(6.0))
    np.testing.assert_allclose(first.arrays["eip_sw_forces"], FORCES)
    assert first.get_chemical_symbols() == atoms.get_chemical_symbols()


def test_arrays_of_one_atom(tmp_path: Path) -> None:
    atoms = Atoms("Si")
    atoms.arrays["REF_forces"] = np.array([[1.0, 2.0, 3.0]])
    write_structures(tmp_path / "a.extxyz", [atoms])
    (found,) = read_structures(tmp_path / "a.extxyz")
    np.testing.assert_array_equal(forces_of(found, "REF_forces"), [[1.0, 2.0, 3.0]])


def test_compressed_files_are_compressed(tmp_path: Path) -> None:
    write_structures(tmp_path / "a.extxyz.xz", [periodic()])
    assert (tmp_path / "a.extxyz.xz").read_bytes().startswith(b"\xfd7zXZ")


def test_compressed_files_are_read_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To go back in one means to decompress it from its beginning, once per structure."""
    write_structures(tmp_path / "a.extxyz.xz", [periodic(), cluster(), periodic()])
    goes_back: list[object] = []
    monkeypatch.setattr(LZMAFile, "seek", lambda *arguments: goes_back.append(arguments))
    assert len(read_structures(tmp_path / "a.extxyz.xz")) == 3
    assert not goes_back


def test_calculator_results_become_reference_labels(tmp_path: Path) -> None:
    atoms = _with_results(periodic(), energy=-3.0, forces=FORCES, stress=np.arange(6.0))
    ase.io.write(tmp_path / "a.extxyz", atoms)
    (found,) = read_structures(tmp_path / "a.extxyz")
    assert found.calc is None
    assert "energy" not in found.info
    assert energy_of(found, "REF_energy") == -3.0
    np.testing.assert_array_equal(forces_of(found, "REF_forces"), FORCES)
    stress = stress_of(found, "REF_stress")
    assert stress is not None
    assert (stress[1, 2], stress[0, 2], stress[0, 1]) == (3.0, 4.0, 5.0)


def test_labels_with_a_name_win_over_calculator_results(tmp_path: Path) -> None:
    atoms = _with_results(periodic(), energy=-3.0)
    atoms.info["REF_energy"] = -4.0
    ase.io.write(tmp_path / "a.extxyz", atoms)
    (found,) = read_structures(tmp_path / "a.extxyz")
    assert energy_of(found, "REF_energy") == -4.0


def test_constraints_do_not_zero_forces(tmp_path: Path) -> None:
    atoms = periodic()
    atoms.set_constraint(FixAtoms(range(8)))
    ase.io.write(tmp_path / "a.traj", _with_results(atoms, energy=0.0, forces=FORCES))
    (found,) = read_structures(tmp_path / "a.traj")
    assert found.constraints
    np.testing.assert_array_equal(forces_of(found, "REF_forces"), FORCES)


def test_results_of_attached_calculators_are_not_written(tmp_path: Path) -> None:
    write_structures(tmp_path / "a.extxyz", [_with_results(periodic(), energy=-3.0)])
    (found,) = read_structures(tmp_path / "a.extxyz")
    assert not has_reference_energy(found)


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.extxyz"
    write_structures(path, [periodic()])
    before = path.read_bytes()
    broken = cluster()
    broken.arrays["bad"] = np.empty((5, 2, 2, 2))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever ASE says
        write_structures(path, [periodic(), broken])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.extxyz"]


def test_a_target_that_cannot_be_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write"):
        write_structures(tmp_path / "file" / "a.extxyz", [periodic()])


@pytest.mark.parametrize("size", [6, 9])
def test_stress_of_six_or_nine_components(size: int) -> None:
    atoms = periodic()
    full = np.array([[1.0, 6.0, 5.0], [6.0, 2.0, 4.0], [5.0, 4.0, 3.0]])
    atoms.info["REF_stress"] = np.arange(1.0, 7.0) if size == 6 else full.ravel()
    np.testing.assert_array_equal(stress_of(atoms, "REF_stress"), full)


def test_stress_of_another_size_is_refused() -> None:
    atoms = periodic()
    atoms.info["REF_stress"] = np.zeros(5)
    with pytest.raises(DataError, match="6 .* or 9 components, got 5"):
        stress_of(atoms, "REF_stress")


def test_labels_that_are_missing_or_not_finite() -> None:
    atoms = periodic()
    assert energy_of(atoms, "REF_energy") is None
    atoms.info.update(REF_energy=np.nan, REF_stress=np.full(6, np.nan))
    atoms.arrays["REF_forces"] = np.full((8, 3), np.inf)
    assert energy_of(atoms, "REF_energy") is None
    assert forces_of(atoms, "REF_forces") is None
    assert stress_of(atoms, "REF_stress") is None


def test_a_cluster_has_no_stress() -> None:
    atoms = cluster()
    atoms.info["REF_stress"] = np.arange(6.0)
    assert stress_of(atoms, "REF_stress") is None


def test_labels_that_are_no_numbers_are_refused() -> None:
    atoms = periodic()
    atoms.info["REF_energy"] = "failed"
    atoms.arrays["REF_forces"] = np.zeros(8)
    with pytest.raises(DataError, match="REF_energy.*'failed'"):
        energy_of(atoms, "REF_energy")
    with pytest.raises(DataError, match=r"REF_forces.*\(8, 3\).*\(8,\)"):
        forces_of(atoms, "REF_forces")
    atoms.info["REF_stress"] = "failed"
    with pytest.raises(DataError, match="REF_stress"):
        stress_of(atoms, "REF_stress")


def _bad_position(value: float) -> Atoms:
    atoms = periodic()
    atoms.positions[3, 1] = value
    return atoms


def _no_lattice_vector() -> Atoms:
    atoms = Atoms("Si2", positions=[[0, 0, 0], [0, 0, 2]], cell=[5, 0, 5])
    atoms.pbc = (True, True, False)
    return atoms


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (_bad_position(np.nan), "finite positions.*atom 3 of structure 1"),
        (_bad_position(np.inf), "finite positions.*atom 3 of structure 1"),
        (_no_lattice_vector(), "lattice vector for each periodic direction.*structure 1"),
    ],
)
def test_structures_that_cannot_be_used(tmp_path: Path, atoms: Atoms, message: str) -> None:
    ase.io.write(tmp_path / "a.extxyz", [periodic(), atoms])
    with pytest.raises(DataError, match=message):
        read_structures(tmp_path / "a.extxyz")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No structure file at"):
        read_structures(tmp_path / "absent.extxyz")


@pytest.mark.parametrize("content", ["", "2\nProperties=species:S:1:pos:R:3\nSi 0 0\n", "\x00\x01"])
def test_empty_or_garbage(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.extxyz").write_text(content)
    with pytest.raises(DataError, match=r"a\.extxyz"):
        read_structures(tmp_path / "a.extxyz")


def test_structure_without_atoms(tmp_path: Path) -> None:
    (tmp_path / "a.extxyz").write_text('0\nProperties=species:S:1:pos:R:3 pbc="F F F"\n')
    with pytest.raises(DataError, match="Expected atoms"):
        read_structures(tmp_path / "a.extxyz")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1\nProperties=species:S:1:pos:R:3:x:R:999999999\nSi 0 0 0\n", "at most 1000 columns"),
        ("1000000000000\n\nSi 0 0 0\n", "Expected 1000000000000 atoms after line 1, got the end"),
        ("1\nenergy=\nSi 0 0 0\n", "`energy` should be a number"),
    ],
)
def test_numbers_that_nobody_means(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "a.extxyz").write_text(text)
    with pytest.raises(DataError, match=what):
        read_structures(tmp_path / "a.extxyz")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.structures.compression._ALWAYS_READ", 2**16)
    (tmp_path / "a.extxyz.xz").write_bytes(lzma.compress(b" " * 2**22))
    with pytest.raises(DataError, match="at most 100 times its size"):
        read_structures(tmp_path / "a.extxyz.xz")
