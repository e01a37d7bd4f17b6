"""The engine of the equivariant architecture where directions are not defined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms

from tests.kernels.subjects import by_torch, equivariant_potential, neighborhoods


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("distance", [0.0, 1e-8, 0.004, 0.0099, 0.3])
def test_close_atoms_and_atoms_in_line(build: Any, dtype: Any, distance: float) -> None:
    """As in torch: the direction of an edge below 0.01 Å fades."""
    atoms = Atoms("CSiC", [[0, 0, 0], [0, 0, distance], [0, 0, distance + 2.0]])
    case = build(equivariant_potential(), architecture="equivariant", precision=dtype)
    found = case.engine.evaluate(neighborhoods(atoms))
    expected = by_torch(case.tabulated, atoms)
    tolerance = 1e-10 if dtype == np.float64 else 1e-5
    scale = max(np.abs(expected.forces).max(), 1.0)
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=tolerance * scale)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=tolerance * scale)
