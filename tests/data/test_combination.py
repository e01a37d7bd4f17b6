"""The combination of EIPs is found where there is one, and is cautious where there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms

from eippot.data.combination import Combination, fit_combination
from eippot.errors import DataError
from eippot.properties import FORCES, STRESS
from eippot.testing.structures import SPECIES, cluster, periodic, small_cell

NAMES = ("a", "b", "c")
WEIGHTS = np.array([0.7, -0.2, 0.4])
OFFSETS = {"C": -3.0, "Si": 5.0}


def _structures(
    count: int, seed: int = 0, change: Callable[[int, Atoms], object] = lambda *_: None
) -> list[Atoms]:
    """With random labels of three EIPs, and those of DFT that are their combination."""
    random = np.random.default_rng(seed)
    structures = []
    for index in range(count):
        atoms = (periodic, small_cell, cluster)[index % 3]()
        n = len(atoms)
        energies, forces = random.normal(size=3), random.normal(size=(3, n, 3))
        stress = random.normal(size=(3, 6))
        for p, name in enumerate(NAMES):
            atoms.info[f"eip_{name}_energy"] = n * energies[p]
            atoms.arrays[f"eip_{name}_forces"] = forces[p]
            atoms.info[f"eip_{name}_stress"] = stress[p]
        zero = sum(OFFSETS[symbol] for symbol in atoms.get_chemical_symbols())
        atoms.info["REF_energy"] = n * float(energies @ WEIGHTS) + zero
        atoms.arrays["REF_forces"] = np.tensordot(WEIGHTS, forces, axes=1)
        change(index, atoms)
        structures.append(atoms)
    return structures


def _fit(structures: list[Atoms]) -> Combination:
    return fit_combination(structures, NAMES, SPECIES)


def test_a_combination_is_found_exactly() -> None:
    found = _fit(_structures(12))
    np.testing.assert_allclose(found.weights, WEIGHTS, atol=1e-5)
    np.testing.assert_allclose(found.offsets, [OFFSETS[s] for s in SPECIES], atol=1e-4)
    others = _structures(6, seed=1)
    expected = [atoms.info["REF_energy"] for atoms in others]
    np.testing.assert_allclose(found.energies(others), expected, atol=1e-3)
    assert (found.deviations(others) < 1e-3).all()
    for atoms in others:
        labels = found.derivatives(atoms)
        np.testing.assert_allclose(labels[FORCES], atoms.arrays["REF_forces"], atol=1e-4)
        assert (STRESS in labels) == bool(atoms.pbc.all())


def test_energies_alone_are_enough() -> None:
    def only_energies(_: int, atoms: Atoms) -> None:
        for name in ("REF", *(f"eip_{name}" for name in NAMES)):
            del atoms.arrays[f"{name}_forces"]

    structures = _structures(12, change=only_energies)
    found = _fit(structures)
    np.testing.assert_allclose(found.weights, WEIGHTS, atol=1e-4)
    assert FORCES not in found.derivatives(structures[0])


def test_a_few_wrong_labels_do_not_matter() -> None:
    def spoil(index: int, atoms: Atoms) -> None:
        if index in (3, 8, 13):
            atoms.info["eip_a_energy"] += 1e9 * len(atoms)
            atoms.arrays["eip_b_forces"] += 1e6

    np.testing.assert_allclose(_fit(_structures(24, change=spoil)).weights, WEIGHTS, atol=0.02)


def test_noisy_eips_are_averaged() -> None:
    """EIPs that differ from DFT by noise alone: together they are closer than each of them."""
    random = np.random.default_rng(2)

    def noise(_: int, atoms: Atoms) -> None:
        zero = sum(OFFSETS[symbol] for symbol in atoms.get_chemical_symbols())
        energy, forces = random.normal(), random.normal(size=(len(atoms), 3))
        atoms.info["REF_energy"] = len(atoms) * energy + zero
        atoms.arrays["REF_forces"] = forces
        for name in NAMES:
            wrong = 0.2 * random.normal(size=(len(atoms) + 1, 3))
            atoms.info[f"eip_{name}_energy"] = len(atoms) * (energy + float(wrong[0, 0]))
            atoms.arrays[f"eip_{name}_forces"] = forces + wrong[1:]

    found = _fit(_structures(18, change=noise))
    np.testing.assert_allclose(found.weights, 1 / 3, atol=0.1)
    others = _structures(30, seed=3, change=noise)
    sizes = np.array(list(map(len, others)))
    wrong = (found.energies(others) - [a.info["REF_energy"] for a in others]) / sizes
    assert 0.08 < np.std(wrong) < 0.15, "0.2 / √3"
    assert 0.005 < (found.deviations(others) / sizes).mean() < 0.1


def test_structures_without_all_labels_are_left_out() -> None:
    def forget(index: int, atoms: Atoms) -> None:
        if index % 2:
            del atoms.info["eip_b_energy"]

    structures = _structures(24, change=forget)
    found = _fit(structures)
    np.testing.assert_allclose(found.weights, WEIGHTS, atol=1e-4)
    assert np.isnan(found.energies(structures)).tolist() == [False, True] * 12
    with pytest.raises(DataError, match="at least 5 structures .* of a, b, c, got 4"):
        _fit(structures[:8])
