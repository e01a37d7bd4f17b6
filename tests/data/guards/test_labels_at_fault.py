"""Forces that constraints have zeroed, energies far off, close atoms, labels that are missing."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from tests.data.guards.labels import scale, structures, warnings, without_eips


def _largest(forces: np.ndarray) -> int:
    return int(np.linalg.norm(forces, axis=1).argmax())


def test_fixed_atoms() -> None:
    some = structures()
    for atoms in some[0:9:3]:
        forces = atoms.arrays["REF_forces"]
        forces[_largest(atoms.arrays["eip_far_forces"])] = 0.0
    text = warnings(some)["fixed atoms"]
    assert "exactly zero for 3 atoms of 3 structures" in text
    assert "index 0, 3, 6; config_type crystal 3" in text
    assert "selective dynamics" in text


def test_zeros_of_symmetry_are_right() -> None:
    some = structures()
    crystal = bulk("Si", cubic=True)
    for key in ("REF", "eip_twin", "eip_far"):
        crystal.arrays[f"{key}_forces"] = np.zeros((8, 3))
    assert warnings([*some, crystal]) == {}


def test_structures_at_rest_that_eips_would_move() -> None:
    some = structures()
    for atoms in some[0:30:3]:
        atoms.arrays["REF_forces"] *= 1e-4
    text = warnings(some)["forces at rest"]
    assert "below 0.05 eV/Å in 10 structures" in text
    assert "twin, which elsewhere errs by 0.00" in text
    assert "elements in the order of the positions" in text


def test_forces_in_another_unit_are_not_called_small() -> None:
    some = structures()
    scale(some, "REF_forces", 1e-3)
    assert list(warnings(some)) == ["forces"]


def test_energy_far_off_beside_eips() -> None:
    some = structures()
    some[7].info["REF_energy"] += 8.0 * len(some[7])
    text = warnings(some)["energies far off"]
    assert "of 1 structure is" in text
    assert "eV/atom from what every EIP says (index 7;" in text


def test_energy_far_off_without_eips() -> None:
    some = without_eips(structures())
    some[7].info["REF_energy"] += 500.0 * len(some[7])
    text = warnings(some)["energies far off"]
    assert "from what the composition says (index 7;" in text


def test_an_isolated_atom_is_not_far_off() -> None:
    assert sum(len(atoms) == 1 for atoms in structures()) == 2
    assert warnings(without_eips(structures())) == {}


def test_close_atoms() -> None:
    some = structures()
    some[5].positions[1] = some[5].positions[0] + (0.5, 0.0, 0.0)
    text = warnings(some)["close atoms"]
    assert "in 1 structure, down to" in text
    assert "(index 5; config_type cluster 1)" in text


def test_missing_forces() -> None:
    some = structures()
    for atoms in some[:4]:
        del atoms.arrays["REF_forces"]
    text = warnings(some)["missing forces"]
    assert (
        "Of 47 structures, 4 with a DFT energy are without `REF_forces` (index 0, 1, 2, …" in text
    )
    for atoms in some:
        atoms.arrays.pop("REF_forces", None)
    assert warnings(some) == {}


@pytest.mark.parametrize("value", [np.nan, "unknown"])
def test_unusable_energy(value: object) -> None:
    some = structures()
    some[4].info["REF_energy"] = value
    text = warnings(some)["unusable labels"]
    assert "`REF_energy` of 1 structure is not finite or of a wrong shape (index 4;" in text


def test_unusable_forces_and_stress() -> None:
    some = structures()
    some[3].arrays["REF_forces"] = np.zeros(len(some[3]))
    some[3].info["REF_stress"] = np.full(6, np.nan)
    text = warnings(some)["unusable labels"]
    assert "`REF_forces` of 1 structure" in text
    assert "`REF_stress` of 1 structure" in text


def test_zero_stress() -> None:
    some = structures()
    for atoms in some[0:9:3]:
        atoms.info["REF_stress"] = np.zeros(6)
    assert "`REF_stress` of 3 structures is exactly zero" in warnings(some)["zero stress"]
