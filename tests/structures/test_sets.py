"""The layouts of the paper's data sets: KIM-Si (folders), ANI-Al (HDF5), AgAu (DeePMD-kit)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from eippot.config.label import LabelConfig
from eippot.conventions import stress_to_virial
from eippot.errors import ConfigError, DataError, MissingDependencyError
from eippot.stages import label
from eippot.structures.io import energy_of, forces_of, read_structures, stress_of

RNG = np.random.default_rng(0)
CELLS = 4.0 * np.eye(3) + RNG.normal(scale=0.1, size=(3, 3, 3))  # of three frames
POSITIONS = RNG.uniform(0, 4, size=(3, 4, 3))
ENERGIES = np.array([-10.5, -11.25, -12.0])
FORCES = RNG.normal(size=(3, 4, 3))
STRESSES = RNG.normal(size=(3, 3, 3))
STRESSES += STRESSES.swapaxes(1, 2)
VIRIALS = np.array(
    [stress_to_virial(stress, np.linalg.det(c)) for stress, c in zip(STRESSES, CELLS, strict=True)]
)


def _write_config(folder: Path, name: str, comment: str) -> None:
    """One file of KIM-Si, as the paper's code expects it: folder and file have the same name."""
    (folder / name).mkdir(parents=True)
    text = f'1\nLattice="2 0 0 0 2 0 0 0 2" Properties=species:S:1:pos:R:3 pbc="T T T" {comment}\n'
    (folder / name / f"{name}.xyz").write_text(text + "Si 0.0 0.0 0.0\n")


def test_kim_si_is_a_folder_of_folders(tmp_path: Path) -> None:
    _write_config(tmp_path / "KIM-Si", "bc8_1", "energy_reference=-5.25 energy_sw=-4.1")
    _write_config(tmp_path / "KIM-Si", "bc8_2", "energy_sw=-4.2")
    (tmp_path / "KIM-Si" / "README").write_text("not a structure")
    first, second = read_structures(tmp_path / "KIM-Si")
    assert [a.info["origin"] for a in (first, second)] == [
        "KIM-Si/bc8_1/bc8_1.xyz",
        "KIM-Si/bc8_2/bc8_2.xyz",
    ]
    assert energy_of(first, "REF_energy") == -5.25
    assert energy_of(second, "REF_energy") is None
    assert first.info["energy_sw"] == -4.1
    assert first.pbc.all()


def test_energy_reference_yields_to_other_labels(tmp_path: Path) -> None:
    _write_config(tmp_path, "a", "energy=-2.0 energy_reference=-1.0")
    _write_config(tmp_path, "b", "REF_energy=-3.0 energy_reference=-1.0")
    energies = [energy_of(atoms, "REF_energy") for atoms in read_structures(tmp_path)]
    assert energies == [-2.0, -3.0]


def test_a_bad_file_in_a_folder_is_named(tmp_path: Path) -> None:
    _write_config(tmp_path, "a", "energy_reference=failed")
    with pytest.raises(DataError, match="energy_reference.*failed"):
        read_structures(tmp_path)
    (tmp_path / "a" / "a.xyz").write_text("many\n")
    with pytest.raises(DataError, match=r"a/a\.xyz cannot be read"):
        read_structures(tmp_path)


def test_a_folder_without_structures(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_text("")
    with pytest.raises(DataError, match="holds no structure"):
        read_structures(tmp_path)


def test_a_folder_cannot_hold_the_labels_of_its_structures(tmp_path: Path) -> None:
    _write_config(tmp_path, "a", "")
    config = LabelConfig(input=tmp_path, output=tmp_path / "out.extxyz", sets=("silicon",))
    with pytest.raises(ConfigError, match="in the folder of the input"):
        label.run(config)


def _write_ani(path: Path, energy: str = "energy", forces: str = "force", **more: Any) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        group = file.create_group("run-1/0004")
        arrays = {
            "species": np.array([b"Al"] * 4),
            "cell": CELLS.astype(np.float32),
            "coordinates": POSITIONS.astype(np.float32),
            energy: ENERGIES,
            forces: FORCES,
            "fermi": np.zeros(3),
            **more,
        }
        for name, array in arrays.items():
            if array is not None:
                group.create_dataset(name, data=array)


@pytest.mark.parametrize(("energy", "forces"), [("energy", "force"), ("energies", "forces")])
def test_ani_al(tmp_path: Path, energy: str, forces: str) -> None:
    _write_ani(tmp_path / "data-1.h5", energy, forces)
    structures = read_structures(tmp_path / "data-1.h5")
    assert len(structures) == 3
    for index, atoms in enumerate(structures):
        assert atoms.get_chemical_formula() == "Al4"
        assert atoms.pbc.all()
        np.testing.assert_allclose(atoms.cell.array, CELLS[index], rtol=1e-6)
        np.testing.assert_allclose(atoms.positions, POSITIONS[index], rtol=1e-6)
        assert energy_of(atoms, "REF_energy") == ENERGIES[index]
        np.testing.assert_array_equal(forces_of(atoms, "REF_forces"), FORCES[index])


def test_hdf5_of_molecules_is_refused(tmp_path: Path) -> None:
    _write_ani(tmp_path / "ani.h5", cell=None)
    with pytest.raises(DataError, match="Expected cell beside.*/run-1/0004"):
        read_structures(tmp_path / "ani.h5")


def test_arrays_of_another_number_of_frames_are_refused(tmp_path: Path) -> None:
    _write_ani(tmp_path / "ani.h5", cell=CELLS[:2])
    with pytest.raises(DataError, match=r"ani\.h5 cannot be read"):
        read_structures(tmp_path / "ani.h5")


def test_without_h5py_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "data.h5").write_bytes(b"")
    with (
        mock.patch.dict("sys.modules", {"h5py": None}),
        pytest.raises(MissingDependencyError, match=r"eippot\[hdf5\]"),
    ):
        read_structures(tmp_path)


def _write_system(folder: Path, frames: slice, **more: Any) -> Path:
    """A set of a DeePMD system, with flat rows in single precision, as dpdata writes it."""
    (folder / "set.000").mkdir(parents=True)
    (folder / "type.raw").write_text("0\n1\n1\n0\n")
    (folder / "type_map.raw").write_text("Ag\nAu\n")
    arrays = {
        "coord": POSITIONS[frames],
        "box": CELLS[frames],
        "energy": ENERGIES[frames],
        "force": FORCES[frames],
        "virial": VIRIALS[frames],
        **more,
    }
    for name, array in arrays.items():
        if array is not None:
            rows = array.reshape(len(array), -1) if array.ndim > 1 else array
            np.save(folder / "set.000" / f"{name}.npy", rows.astype(np.float32))
    return folder


def test_systems_of_deepmd(tmp_path: Path) -> None:
    _write_system(tmp_path / "AgAu" / "init" / "Ag2Au2", slice(0, 2))
    _write_system(tmp_path / "AgAu" / "iter.000001" / "000", slice(2, 3), virial=None)
    structures = read_structures(tmp_path / "AgAu")
    assert [atoms.info["origin"] for atoms in structures] == [
        *["AgAu/init/Ag2Au2"] * 2,
        "AgAu/iter.000001/000",
    ]
    for index, atoms in enumerate(structures):
        assert atoms.get_chemical_symbols() == ["Ag", "Au", "Au", "Ag"]
        np.testing.assert_allclose(atoms.cell.array, CELLS[index], rtol=1e-6)
        np.testing.assert_allclose(atoms.positions, POSITIONS[index], rtol=1e-6)
        assert energy_of(atoms, "REF_energy") == ENERGIES[index]
        assert forces_of(atoms, "REF_forces") == pytest.approx(FORCES[index], rel=1e-6)
        stress = stress_of(atoms, "REF_stress")
        if index < 2:
            assert stress == pytest.approx(STRESSES[index], rel=1e-5)
        else:
            assert stress is None


def test_several_sets_and_no_labels(tmp_path: Path) -> None:
    system = _write_system(tmp_path / "a", slice(0, 1), energy=None, force=None, virial=None)
    _write_system(tmp_path / "b", slice(1, 3))
    (tmp_path / "b" / "set.000").rename(system / "set.001")
    structures = read_structures(system)
    assert [energy_of(atoms, "REF_energy") for atoms in structures] == [None, *ENERGIES[1:]]
    assert "origin" not in structures[0].info


def test_a_system_that_is_not_periodic(tmp_path: Path) -> None:
    _write_system(tmp_path, slice(0, 3), box=None)
    with pytest.raises(DataError, match=r"box\.npy"):
        read_structures(tmp_path)
    (tmp_path / "nopbc").write_text("")
    atoms = read_structures(tmp_path)[0]
    assert not atoms.pbc.any()
    assert "REF_stress" not in atoms.info


def test_a_system_of_mixed_types(tmp_path: Path) -> None:
    types = np.array([[0, 0, 0, 0], [1, 0, 1, -1], [-1, 1, 1, 1]])
    _write_system(tmp_path, slice(0, 3), real_atom_types=types)
    structures = read_structures(tmp_path)
    assert ["".join(atoms.symbols) for atoms in structures] == ["AgAgAgAg", "AuAgAu", "AuAuAu"]
    np.testing.assert_allclose(structures[2].positions, POSITIONS[2, 1:], rtol=1e-6)
    assert forces_of(structures[2], "REF_forces") == pytest.approx(FORCES[2, 1:], rel=1e-6)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("type_map.raw", None, "elements of types"),
        ("type_map.raw", "Ag\nTYPE_1\n", "chemical symbols.*TYPE_1"),
        ("type.raw", "0\n1\n1\n", "Expected 9 numbers for each"),
        ("type.raw", "0\n1\n1\n2\n", "cannot be read"),
    ],
)
def test_systems_that_do_not_fit(tmp_path: Path, file: str, text: str | None, message: str) -> None:
    _write_system(tmp_path, slice(0, 1))
    if text is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=message):
        read_structures(tmp_path)


def test_a_system_of_text_is_refused(tmp_path: Path) -> None:
    _write_system(tmp_path, slice(0, 1))
    (tmp_path / "set.000").rename(tmp_path / "sets")
    with pytest.raises(DataError, match="sets of frames"):
        read_structures(tmp_path)
