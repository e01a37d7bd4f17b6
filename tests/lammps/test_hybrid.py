"""The pair style beside others: everything is added, nothing assigned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from tests.lammps.brute_force import Result, evaluate
from tests.lammps.engine import single_point, write_structure
from tests.lammps.many_body import ManyBody, write_model

LJ = "lj/cut 4.0"
NO_LJ = "pair_coeff * * lj/cut 0.0 1.0\n"


@pytest.fixture
def mixed(tmp_path: Path, silicon64: Atoms) -> Atoms:
    """Silicon with every fourth atom of another type; the model knows only silicon."""
    write_model(tmp_path / "model.pt", ManyBody())
    silicon64.symbols[::4] = "Ge"
    write_structure(tmp_path, silicon64, ("Si", "Ge"))
    return silicon64


def assert_sum(total: Result, *parts: Result) -> None:
    assert total.energy == pytest.approx(sum(part.energy for part in parts), rel=1e-12)
    for name in ("energies", "forces", "virial"):
        expected = np.sum([getattr(part, name) for part in parts], axis=0)
        np.testing.assert_allclose(getattr(total, name), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("order", [("eippot", LJ), (LJ, "eippot")])
def test_overlay_adds_up(tmp_path: Path, silicon64: Atoms, order: tuple[str, str]) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    both = (
        f"pair_style hybrid/overlay {order[0]} {order[1]}\n"
        "pair_coeff * * eippot model.pt Si\npair_coeff * * lj/cut 0.05 2.1\n"
    )
    alone = single_point(tmp_path, silicon64, f"pair_style {LJ}\npair_coeff * * 0.05 2.1\n")
    together = single_point(tmp_path, silicon64, both)
    assert_sum(together, alone, evaluate(model, silicon64))


def test_two_models_add_up(tmp_path: Path, silicon64: Atoms) -> None:
    one = write_model(tmp_path / "one.pt", ManyBody())
    two = write_model(tmp_path / "two.pt", ManyBody(cutoff=4.0))
    write_structure(tmp_path, silicon64, ("Si",))
    both = (
        "pair_style hybrid/overlay eippot eippot\n"
        "pair_coeff * * eippot 1 one.pt Si\npair_coeff * * eippot 2 two.pt Si\n"
    )
    together = single_point(tmp_path, silicon64, both)
    assert_sum(together, evaluate(one, silicon64), evaluate(two, silicon64))


@pytest.mark.parametrize("style", ["hybrid", "hybrid/overlay"])
def test_null_leaves_a_type_out(tmp_path: Path, mixed: Atoms, style: str) -> None:
    others = NO_LJ if style == "hybrid/overlay" else "pair_coeff *2 2 lj/cut 0.0 1.0\n"
    potential = f"pair_style {style} eippot {LJ}\npair_coeff * * eippot model.pt Si NULL\n{others}"
    ours = single_point(tmp_path, mixed, potential)
    assert_only_silicon(tmp_path / "model.pt", ours, mixed)


def assert_only_silicon(model: Path, ours: Result, atoms: Atoms) -> None:
    """The other atoms are as if they were not there."""
    silicon = atoms.symbols == "Si"
    expected = evaluate(model, atoms[silicon])
    assert ours.energy == pytest.approx(expected.energy, rel=1e-12)
    np.testing.assert_allclose(ours.energies[silicon], expected.energies, atol=1e-10)
    np.testing.assert_allclose(ours.forces[silicon], expected.forces, atol=1e-10)
    np.testing.assert_allclose(ours.virial, expected.virial, atol=1e-9)
    assert not ours.forces[~silicon].any()
    assert not ours.energies[~silicon].any()
