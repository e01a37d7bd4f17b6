"""Labels in other units and with other signs are told; right ones are not."""

from __future__ import annotations

import numpy as np
import pytest
from ase import units
from ase.build import bulk

from tests.data.guards.labels import (
    change,
    scale,
    strained_crystals,
    structures,
    warnings,
    without_eips,
)

HARTREE_BOHR = units.Bohr / units.Hartree
KCAL = units.mol / units.kcal


def test_right_labels() -> None:
    assert warnings(structures()) == {}
    assert warnings(without_eips(structures())) == {}
    assert warnings(strained_crystals()) == {}


def test_no_labels() -> None:
    assert warnings([]) == {}
    assert warnings(structures(0)[:3]) == {}


@pytest.mark.parametrize(
    ("key", "factor", "kind", "unit"),
    [
        ("REF_energy", 1 / units.Hartree, "energy", "in Hartree or Rydberg; eV is"),
        ("REF_energy", 1 / units.Rydberg, "energy", "in Rydberg; eV is"),
        ("REF_energy", KCAL, "energy", "in kcal/mol; eV is"),
        ("REF_energy", units.mol / units.kJ, "energy", "in kJ/mol; eV is"),
        ("REF_forces", HARTREE_BOHR, "forces", "in Hartree/Bohr or Rydberg/Bohr; eV/Å is"),
        ("REF_forces", 2 * HARTREE_BOHR, "forces", "in Rydberg/Bohr; eV/Å is"),
        ("REF_forces", KCAL, "forces", "in kcal/mol/Å; eV/Å is"),
        ("REF_stress", 160.2176634, "stress", "in GPa"),
        ("REF_stress", 1602.176634, "stress", "in kbar; eV/Å³ is"),
        ("REF_stress", HARTREE_BOHR * units.Bohr**2, "stress", "in Hartree/Bohr³"),
    ],
)
def test_units_beside_eips(key: str, factor: float, kind: str, unit: str) -> None:
    some = structures()
    scale(some, key, factor)
    found = warnings(some)
    assert list(found) == [kind]
    assert f"`{key}`" in found[kind]
    assert "times that of the EIP that is most like it (twin, rank correlation 1.00)" in found[kind]
    assert unit in found[kind]


def test_a_unit_that_nobody_knows() -> None:
    some = structures()
    scale(some, "REF_forces", 1e-6)
    assert "in no unit that is known here" in warnings(some)["forces"]


def test_stiff_eips_do_not_blame_right_labels() -> None:
    """Slopes of 0.15 to 0.84 were seen where labels were right."""
    some = structures()
    for key in ("eip_twin_energy", "eip_twin_forces", "eip_twin_stress"):
        scale(some, key, 3.0)
    assert warnings(some) == {}


def test_eips_that_are_unlike_dft_say_nothing() -> None:
    some = structures()
    random = np.random.default_rng(0)
    for name in ("twin", "far"):
        change(some, f"eip_{name}_forces", lambda label: random.normal(size=label.shape))
    scale(some, "REF_forces", 100.0)
    assert "forces" not in warnings(some)


def test_few_structures_say_nothing() -> None:
    """Forces of a few structures are many values, which depend on one another."""
    some = structures()[:10]
    scale(some, "REF_forces", KCAL)
    assert warnings(some) == {}


def test_a_scale_that_no_unit_explains() -> None:
    """Stiff EIPs have such."""
    some = structures()
    scale(some, "REF_energy", 0.14)
    assert warnings(some) == {}


def test_gradients_instead_of_forces() -> None:
    some = structures()
    scale(some, "REF_forces", -1.0)
    assert "Forces are minus the gradient" in warnings(some)["forces"]


def test_energies_of_the_wrong_sign() -> None:
    some = structures()
    scale(some, "REF_energy", -1.0)
    assert "is the sign wrong?" in warnings(some)["energy"]


def test_energies_per_atom() -> None:
    some = [bulk("Si", a=5.2 + 0.01 * i) * (1 + i % 3, 1, 1) for i in range(12)]
    for index, atoms in enumerate(some):
        atoms.info["REF_energy"] = (-105.0 + 0.1 * index) * len(atoms)
    assert warnings(some) == {}
    for atoms in some:
        atoms.info["REF_energy"] /= len(atoms)
    assert "multiply by the number of atoms" in warnings(some)["energy"]


def test_eips_with_energies_alone() -> None:
    some = structures()
    for atoms in some:
        for name in ("twin", "far"):
            atoms.arrays.pop(f"eip_{name}_forces")
            atoms.info.pop(f"eip_{name}_stress", None)
    assert warnings(some) == {}
    scale(some, "REF_energy", KCAL)
    assert list(warnings(some)) == ["energy"]
