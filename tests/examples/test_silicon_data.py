"""The silicon data set in the repository, its card, and the recipe it came from."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.geometry import find_mic
from ase.io import read

from eippot.structures.perturbations import shortest_distance

SILICON = Path(__file__).parents[2] / "examples" / "silicon"
DATA = SILICON / "silicon_dft.extxyz.xz"
CARD = SILICON / "silicon_dft.md"
CHAOTIC = {"liquid", "amorphous"}
"""Kinds drawn from dynamics, whose last digits differ from machine to machine."""


@pytest.fixture(scope="module")
def data() -> list[Atoms]:
    structures = read(DATA, ":", format="extxyz")
    assert isinstance(structures, list)
    return structures


def test_card_names_the_file_and_its_size(data: list[Atoms]) -> None:
    card = CARD.read_text()
    assert hashlib.sha256(DATA.read_bytes()).hexdigest() in card
    assert f"PBE: {len(data)} structures" in card
    assert len(data) >= 800


def test_card_counts_every_kind(data: list[Atoms]) -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (\d+) \| \d+ \| \d+ to", CARD.read_text(), re.MULTILINE))
    counts = Counter(atoms.info["config_type"] for atoms in data)
    assert {name: int(number) for name, number in rows.items()} == counts


def test_labels_are_complete_and_no_calculator_hides_them(data: list[Atoms]) -> None:
    for atoms in data:
        assert atoms.calc is None
        assert np.isfinite(atoms.info["REF_energy"])
        assert atoms.arrays["REF_forces"].shape == (len(atoms), 3)
        assert np.isfinite(atoms.arrays["REF_forces"]).all()
        assert ("REF_stress" in atoms.info) == bool(atoms.pbc.all())
        if atoms.pbc.all():
            assert atoms.info["REF_stress"].shape == (6,)
            assert np.isfinite(atoms.info["REF_stress"]).all()


def test_forces_sum_to_zero(data: list[Atoms]) -> None:
    sums = np.array([atoms.arrays["REF_forces"].sum(axis=0) for atoms in data])
    assert np.abs(sums).max() < 1e-4


def test_structures_are_small_and_without_overlap(data: list[Atoms]) -> None:
    assert max(len(atoms) for atoms in data) <= 16
    assert min(shortest_distance(atoms, cutoff=3.0) for atoms in data) >= 1.6


def test_periodicity_follows_the_kind(data: list[Atoms]) -> None:
    for atoms in data:
        kind = atoms.info["config_type"]
        if kind in {"isolated_atom", "dimer", "cluster"}:
            assert not atoms.pbc.any()
        elif kind == "silicene" or kind.startswith("surface"):
            assert atoms.pbc.tolist() == [True, True, False]
        else:
            assert atoms.pbc.all()


def test_cohesive_energy_is_that_of_silicon_in_pbe(data: list[Atoms]) -> None:
    (atom,) = [atoms for atoms in data if atoms.info["config_type"] == "isolated_atom"]
    crystals = [atoms for atoms in data if atoms.info["config_type"] == "bulk_diamond"]
    lowest = min(atoms.info["REF_energy"] / len(atoms) for atoms in crystals)
    assert 4.4 < atom.info["REF_energy"] - lowest < 5.0


def test_stress_has_the_sign_of_ase(data: list[Atoms]) -> None:
    # strong rattling adds a pressure of its own, so only mildly rattled crystals count
    crystals = [
        atoms
        for atoms in data
        if atoms.info["config_type"] == "bulk_diamond"
        and np.abs(atoms.arrays["REF_forces"]).max() < 2.0
    ]
    assert len(crystals) > 20
    volumes = np.array([atoms.get_volume() / len(atoms) for atoms in crystals])
    traces = np.array([atoms.info["REF_stress"][:3].mean() for atoms in crystals])
    assert (traces[volumes < 18.5] < 0).all()
    assert (traces[volumes > 22.5] > 0).all()


def recipe(count: int, seed: int, path: Path) -> list[Atoms]:
    script = [sys.executable, str(SILICON / "generate.py")]
    options = ["--count", str(count), "--seed", str(seed), "-o", str(path)]
    subprocess.run([*script, *options], check=True, capture_output=True, cwd=path.parent)
    structures = read(path, ":", format="extxyz")
    assert isinstance(structures, list)
    return structures


def test_recipe_makes_the_structures_of_the_data_set(data: list[Atoms], tmp_path: Path) -> None:
    pytest.importorskip("kimpy", reason="the recipe needs OpenKIM for its dynamics")
    count = max(atoms.info["recipe_index"] for atoms in data) + 1
    made = recipe(count, 0, tmp_path / "made.extxyz")
    assert [path.name for path in tmp_path.iterdir()] == ["made.extxyz"]
    assert len(made) == count
    for atoms in data:
        again = made[atoms.info["recipe_index"]]
        assert again.info["config_type"] == atoms.info["config_type"]
        if atoms.info["config_type"] in CHAOTIC:
            continue
        # up to the rounding that decides on which side of a border an atom comes to lie
        moved, _ = find_mic(again.positions - atoms.positions, atoms.cell, atoms.pbc)
        assert np.abs(moved).max() < 2e-8
        assert again.cell.array == pytest.approx(atoms.cell.array, abs=2e-8)
        assert (again.pbc == atoms.pbc).all()
