"""What every stage does first: labels, split, species, the zero of energy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms

from eippot.config.data import DataConfig
from eippot.data.preparation import PreparedData, average_neighbors, energy_scale, prepare
from eippot.data.store import build_graphs
from eippot.errors import DataError
from eippot.structures.io import write_structures
from eippot.structures.splits import set_hash
from eippot.testing.structures import SPECIES, dimer, isolated_atom, periodic


def _structures() -> list[Atoms]:
    """Ten with a DFT energy, five with a weak label, five without any."""
    structures = []
    for index in range(20):
        atoms = periodic()
        atoms.rattle(0.05, seed=index)
        atoms.info["n"] = index
        structures.append(atoms)
    for atoms in structures[:10]:
        atoms.info["REF_energy"] = -600.0 - atoms.info["n"]
    for atoms in structures[10:15]:
        atoms.info["weak_energy"] = -600.0
    return structures


def _prepare(tmp_path: Path, structures: list[Atoms], **options: object) -> PreparedData:
    path = tmp_path / "data.extxyz"
    write_structures(path, structures)
    config = DataConfig(structures=path, validation=0.3, seed=4)
    given = {"C": -40.0, "Si": -100.0}
    return prepare(config, given, **options)  # type: ignore[arg-type]


def test_parts(tmp_path: Path) -> None:
    data = _prepare(tmp_path, _structures())
    numbers = {
        name: {a.info["n"] for a in getattr(data, name)}
        for name in ("training", "validation", "weak", "unlabelled")
    }
    assert len(numbers["validation"]) == 3
    assert numbers["training"] | numbers["validation"] == set(range(10))
    assert numbers["weak"] == set(range(10, 15))
    assert numbers["unlabelled"] == set(range(10, 20))
    assert data.species == ["C", "Si"]


def test_validation_structures_of_their_own(tmp_path: Path) -> None:
    """All DFT labels of the other file are for training."""
    held_out = _structures()[:4]
    held_out[0].numbers[:] = 32
    write_structures(tmp_path / "validation.extxyz", held_out)
    write_structures(tmp_path / "data.extxyz", _structures())
    config = DataConfig(
        structures=tmp_path / "data.extxyz", validation_structures=tmp_path / "validation.extxyz"
    )
    data = prepare(config, {"C": -40.0, "Si": -100.0, "Ge": 0.0})
    assert {a.info["n"] for a in data.training} == set(range(10))
    assert [a.info["n"] for a in data.validation] == list(range(4))
    assert (len(data.everything), len(data.unlabelled)) == (20, 10)
    assert data.species == ["C", "Si", "Ge"]


def test_validation_structures_need_labels(tmp_path: Path) -> None:
    write_structures(tmp_path / "data.extxyz", _structures())
    path = tmp_path / "validation.extxyz"
    write_structures(path, _structures()[8:])
    config = DataConfig(structures=tmp_path / "data.extxyz", validation_structures=path)
    with pytest.raises(DataError, match=f"each structure in {path}, .* for 10 of 12"):
        prepare(config, {})


def test_doubtful_labels_are_told_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    structures = [*_structures(), _structures()[3]]
    data = _prepare(tmp_path, structures)
    [warning] = caplog.messages
    assert warning.startswith("Warning about DFT labels (duplicates): Of 11 structures, 1 was")
    assert data.warnings() == {"warnings": [warning]}
    assert len(data.everything) == 21
    caplog.clear()
    assert _prepare(tmp_path, structures, guard=False).findings == ()
    assert caplog.messages == []


def test_structures_that_validate_are_no_copies_of_others(tmp_path: Path) -> None:
    write_structures(tmp_path / "data.extxyz", _structures())
    write_structures(tmp_path / "validation.extxyz", _structures()[2:4])
    config = DataConfig(
        structures=tmp_path / "data.extxyz", validation_structures=tmp_path / "validation.extxyz"
    )
    [finding] = prepare(config, {"C": -40.0, "Si": -100.0}).findings
    assert "index 20, 21; 20 is 2" in finding.text


def test_labels_are_counted(tmp_path: Path) -> None:
    counts = _prepare(tmp_path, _structures()).label_counts()
    assert counts == {"REF_energy": 10, "REF_forces": 0, "REF_stress": 0, "weak_energy": 5}


def test_provenance_recognizes_the_split(tmp_path: Path) -> None:
    data = _prepare(tmp_path, _structures())
    assert data.provenance()["validation_hash"] == set_hash(data.validation)
    again = _prepare(tmp_path, _structures())
    assert again.provenance() == data.provenance()


def test_energies_above_isolated_atoms(tmp_path: Path) -> None:
    data = _prepare(tmp_path, _structures())
    expected = [(-600.0 - a.info["n"] + 620.0) / 8 for a in data.training]
    np.testing.assert_allclose(data.relative_energies_per_atom(), expected)


def test_no_dft_energy(tmp_path: Path) -> None:
    structures = _structures()[10:]
    with pytest.raises(DataError, match="Expected structures with a DFT energy .* among 10"):
        _prepare(tmp_path, structures)
    data = _prepare(tmp_path, structures, require_labels=False)
    assert (data.training, data.validation) == ([], [])


def test_references_without_labels_are_zero_or_given(tmp_path: Path) -> None:
    structures = [*_structures()[10:], Atoms("Ge", cell=[3, 3, 3], pbc=True)]
    data = _prepare(tmp_path, structures, require_labels=False)
    assert data.reference_energies == {"C": -40.0, "Si": -100.0, "Ge": 0.0}


def test_a_pretrained_model_covers_the_species(tmp_path: Path) -> None:
    data = _prepare(tmp_path, _structures(), species=["Si", "C"])
    assert data.species == ["Si", "C"]
    with pytest.raises(DataError, match="Expected only Si, .* got C in"):
        _prepare(tmp_path, _structures(), species=["Si"])


def test_average_neighbors() -> None:
    structures = [dimer(2.0), isolated_atom(), isolated_atom()]
    graphs = build_graphs(structures, SPECIES, 4.0, torch.float64)
    assert average_neighbors(graphs) == 1.0
    graphs = build_graphs([periodic()], SPECIES, 4.0, torch.float64)
    assert average_neighbors(graphs) == graphs[0].edge_index.shape[1] / 8
    assert average_neighbors(graphs.subset([])) == 1.0


def test_energy_scale() -> None:
    assert energy_scale(np.array([3.0, -4.0, np.nan])) == pytest.approx(np.sqrt(12.5))
    assert energy_scale(np.array([1e-5])) == 0.1
    assert energy_scale(np.full(3, np.nan)) == 1.0
