"""Signs and orders, by pinned numbers and by asking ASE."""

from __future__ import annotations

import numpy as np
import pytest
from ase.calculators.lj import LennardJones
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from eippot.conventions import (
    stress_from_ase_voigt,
    stress_to_ase_voigt,
    stress_to_virial,
    virial_to_lammps_order,
)
from eippot.testing.structures import periodic

#: xx = 1, yy = 2, zz = 3, yz = 4, xz = 5, xy = 6.
TENSOR = np.array([[1.0, 6.0, 5.0], [6.0, 2.0, 4.0], [5.0, 4.0, 3.0]])


def test_ase_order_is_xx_yy_zz_yz_xz_xy() -> None:
    assert stress_to_ase_voigt(TENSOR).tolist() == [1, 2, 3, 4, 5, 6]


def test_lammps_order_is_xx_yy_zz_xy_xz_yz() -> None:
    assert virial_to_lammps_order(TENSOR).tolist() == [1, 2, 3, 6, 5, 4]


def test_tensor_from_six_components() -> None:
    assert stress_from_ase_voigt(np.arange(1.0, 7.0)).tolist() == TENSOR.tolist()


def test_ase_agrees() -> None:
    voigt = np.array([0.3, -1.0, 2.0, 0.7, -0.2, 0.1])
    tensor = voigt_6_to_full_3x3_stress(voigt)
    np.testing.assert_array_equal(stress_from_ase_voigt(voigt), tensor)
    np.testing.assert_array_equal(stress_to_ase_voigt(tensor), full_3x3_to_voigt_6_stress(tensor))


def test_many_tensors_at_once() -> None:
    found = stress_to_ase_voigt(np.stack([TENSOR, 2 * TENSOR]))
    assert found.tolist() == [[1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12]]


def test_asymmetric_parts_are_averaged() -> None:
    tensor = TENSOR.copy()
    tensor[0, 1], tensor[1, 0] = 5.0, 7.0
    assert stress_to_ase_voigt(tensor)[5] == 6.0


@pytest.mark.parametrize(("scale", "sign"), [(0.9, 1.0), (1.15, -1.0)])
def test_virial_is_positive_under_compression(scale: float, sign: float) -> None:
    atoms = periodic()
    atoms.calc = LennardJones(sigma=2.0, epsilon=1.0, rc=6.0)
    atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
    virial = stress_to_virial(atoms.get_stress(voigt=False), atoms.get_volume())
    assert sign * np.trace(virial) > 0.1
