"""Sign, order and unit of stress, by EIPs and by the energies of strained copies."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms, units

from eippot.data.guards.labelled import LabelledSet
from eippot.data.guards.strained import strained_copies
from tests.data.guards.labels import change, scale, strained_crystals, structures, warnings


def _make_virials(some: list[Atoms]) -> None:
    for atoms in some:
        if "REF_stress" in atoms.info:
            atoms.info["REF_stress"] = -atoms.get_volume() * atoms.info["REF_stress"]


def test_sign_beside_eips() -> None:
    some = structures()
    scale(some, "REF_stress", -1.0)
    found = warnings(some)
    assert list(found) == ["stress"]
    assert "sign of a pressure (rank correlation -1.00 with twin)" in found["stress"]


def test_vasp() -> None:
    """Kbar and the other sign at once."""
    some = structures()
    scale(some, "REF_stress", -1602.176634)
    text = warnings(some)["stress"]
    assert "as in kbar" in text
    assert "sign of a pressure" in text


@pytest.mark.parametrize(("order", "name"), [((5, 4, 3), "LAMMPS"), ((5, 3, 4), "VASP")])
def test_order_of_components(order: tuple[int, ...], name: str) -> None:
    some = structures()
    change(some, "REF_stress", lambda stress: stress[[0, 1, 2, *order]])
    assert f"in the order of {name} (xx, yy, zz, xy," in warnings(some)["stress"]


def test_virial() -> None:
    some = structures()
    _make_virials(some)
    text = warnings(some)["stress"]
    assert "like a virial [eV]: divided by the volume, it is 1 times" in text
    assert "Divide by −V" in text


def test_virial_of_cells_of_one_size() -> None:
    some = [atoms for atoms in structures(90) if atoms.info.get("config_type") == "crystal"]
    _make_virials(some)
    assert "eV (a virial, which is −V·stress)" in warnings(some)["stress"]


def test_strained_copies_have_the_stress_of_their_energies() -> None:
    differences, said = strained_copies(LabelledSet(strained_crystals()))
    assert len(said) == 14
    np.testing.assert_allclose(said, differences, atol=0.01 * np.abs(differences).max())


def test_sign_without_eips() -> None:
    some = strained_crystals()
    scale(some, "REF_stress", -1.0)
    found = warnings(some)
    assert list(found) == ["stress"]
    assert "14 pairs of structures that differ in nothing but their cell" in found["stress"]
    assert "sign of a pressure" in found["stress"]


@pytest.mark.parametrize(
    ("key", "factor", "unit"),
    [
        ("REF_stress", 160.2176634, "GPa"),
        ("REF_stress", 1602.176634, "kbar"),
        ("REF_energy", 1 / units.Hartree, "eV/Å³ with energies in Hartree"),
        ("REF_energy", 1 / units.Rydberg, "eV/Å³ with energies in Rydberg"),
    ],
)
def test_units_without_eips(key: str, factor: float, unit: str) -> None:
    some = strained_crystals()
    scale(some, key, factor)
    assert f"as in {unit}" in warnings(some)["stress"]


def test_other_atoms_are_no_copies() -> None:
    some = strained_crystals()
    for atoms in some[::2]:
        atoms.symbols[0] = "C"
    differences, _ = strained_copies(LabelledSet(some))
    assert len(differences) == 7 + 6
