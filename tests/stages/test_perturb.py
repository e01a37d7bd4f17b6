"""perturb: copies near their originals, without labels, with atoms apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot.config.perturb import PerturbConfig
from eippot.errors import ConfigError
from eippot.stages import perturb
from eippot.structures.io import read_structures, write_structures
from eippot.structures.perturbations import shortest_distance
from tests.synthetic import labelled_structures


def _perturb(
    folder: Path, structures: list[Atoms], **changes: object
) -> tuple[perturb.PerturbResult, list[Atoms], list[Atoms]]:
    """Result, originals and copies."""
    write_structures(folder / "in.extxyz", structures)
    paths = {"input": folder / "in.extxyz", "output": folder / "pool.extxyz"}
    result = perturb.run(PerturbConfig.model_validate(paths | changes))
    written = read_structures(result.output)
    return result, written[: result.structures], written[result.structures :]


def test_copies_are_new_and_have_no_labels(tmp_path: Path) -> None:
    structures = labelled_structures(n_labelled=6, n_unlabelled=3)
    result, originals, copies = _perturb(tmp_path, structures, copies=3)
    crystals = [atoms for atoms in originals if len(atoms) > 1]
    assert (result.structures, result.copies) == (11, 27), "isolated atoms have no copies"
    for before, after in zip(structures, originals, strict=True):
        assert before.info.keys() <= after.info.keys()
        np.testing.assert_allclose(after.positions, before.positions, atol=1e-8)
    for atoms, original in zip(copies, crystals * 3, strict=True):
        assert set(atoms.info) == {"config_type"}
        assert set(atoms.arrays) == {"numbers", "positions"}
        assert (atoms.numbers == original.numbers).all()
        assert (atoms.pbc == original.pbc).all()
        moved = np.abs(atoms.positions - original.positions).max()
        assert 1e-3 < moved < 3.0


def test_atoms_stay_apart(tmp_path: Path) -> None:
    structures = labelled_structures(n_labelled=6, n_unlabelled=0)
    least = min(map(shortest_distance, structures))
    result, _, copies = _perturb(tmp_path, structures, copies=10, rattle=2.0, closest=0.9)
    assert result.least_distance == pytest.approx(0.9 * least)
    found = [shortest_distance(atoms) for atoms in copies]
    assert min(found) >= result.least_distance - 1e-6
    _, _, wild = _perturb(tmp_path, structures, copies=10, rattle=2.0, closest=0.1)
    assert min(map(shortest_distance, wild)) < 0.8 * least


def test_amounts_follow_the_options(tmp_path: Path) -> None:
    structures = labelled_structures(n_labelled=6, n_unlabelled=0)[:6]
    _, _, strained = _perturb(tmp_path, structures, copies=20, rattle=0.0, strain=0.1)
    for atoms, original in zip(strained, structures * 20, strict=True):
        if original.pbc.all():
            found, expected = (a.get_scaled_positions(wrap=False) for a in (atoms, original))
            np.testing.assert_allclose(found, expected, atol=1e-6)
            strain = np.linalg.solve(original.cell.array, atoms.cell.array) - np.eye(3)
            assert 0.0 < np.abs(strain).max() <= 0.1
    _, _, rattled = _perturb(tmp_path, structures, copies=20, rattle=0.12, strain=0.0)
    stdevs = [
        (atoms.positions - original.positions).std()
        for atoms, original in zip(rattled, structures * 20, strict=True)
        if len(atoms) > 4
    ]
    assert 0.005 < min(stdevs) < 0.03
    assert 0.08 < max(stdevs) < 0.15


def test_the_seed_decides_and_more_copies_begin_with_fewer(tmp_path: Path) -> None:
    structures = labelled_structures(n_labelled=6, n_unlabelled=0)
    positions = {}
    for name, options in {
        "few": {"copies": 1},
        "many": {"copies": 2},
        "other": {"seed": 1},
    }.items():
        _, _, copies = _perturb(tmp_path, structures, **{"copies": 1} | options)
        positions[name] = np.concatenate([atoms.positions for atoms in copies[:6]])
    np.testing.assert_array_equal(positions["few"], positions["many"])
    assert np.abs(positions["few"] - positions["other"]).max() > 0.01


def test_isolated_atoms_alone(tmp_path: Path) -> None:
    result, _, copies = _perturb(tmp_path, [Atoms("C"), Atoms("Si")])
    assert (result.copies, copies) == (0, [])


def test_the_input_is_not_overwritten(tmp_path: Path) -> None:
    write_structures(tmp_path / "in.extxyz", labelled_structures(n_labelled=2, n_unlabelled=0))
    path = tmp_path / "in.extxyz"
    with pytest.raises(ConfigError, match="The output is the input"):
        perturb.run(PerturbConfig(input=path, output=path))
