"""The C++ engine of the equivariant architecture against the network in torch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from scipy.spatial.transform import Rotation

from eippot.config.model import EquivariantConfig
from eippot.errors import EippotError
from eippot.kernels.engine import Evaluation
from eippot.models.equivariant import Equivariant
from eippot.models.potential import Potential
from tests.kernels.subjects import CUTOFF, by_torch, neighborhoods, rattled

INSTRUCTIONS = ["avx512", "avx2", "generic"]


def equivariant_potential(
    l_max: int = 2, interactions: int = 3, channels: int = 8, n_species: int = 2, **options: Any
) -> Potential:
    """Random weights; energies and forces of order 1."""
    torch.manual_seed(channels)
    sizes = {"radial_functions": 4, "radial_width": 8, "parity": False}
    config = EquivariantConfig.model_construct(  # l_max = 0 too
        cutoff=CUTOFF,
        l_max=l_max,
        interactions=interactions,
        channels=channels,
        **(sizes | options),
    )
    potential = Potential(Equivariant(config, n_species, 28.0), n_species, 1, 10.0)
    return potential.double()


def _build(build: Any, potential: Potential, **options: Any) -> Any:
    """An engine of the instruction set asked for; skips where the processor has it not."""
    try:
        return build(potential, architecture="equivariant", **options)
    except EippotError as error:
        if not re.search("expected instructions of this processor", str(error)):
            raise
        pytest.skip(str(error))


def _assert_equal(found: Evaluation, expected: Evaluation, energy: float, force: float) -> None:
    assert np.abs(expected.forces).max() > 0.05
    np.testing.assert_allclose(found.energies, expected.energies, rtol=0, atol=energy)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=force)
    virial = found.virials.sum(axis=0)
    np.testing.assert_allclose(virial, expected.virials, rtol=0, atol=len(found.energies) * force)


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize("l_max", [1, 2])
@pytest.mark.parametrize(
    ("dtype", "energy", "force"), [(np.float64, 1e-6, 1e-5), (np.float32, 1e-5, 2e-5)]
)
def test_energies_forces_and_virial_are_those_of_the_network(
    build: Any, l_max: int, instructions: str, dtype: Any, energy: float, force: float
) -> None:
    potential = equivariant_potential(l_max)
    case = _build(build, potential, precision=dtype, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    _assert_equal(found, by_torch(potential, rattled()), energy, force)


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
@pytest.mark.parametrize(
    "shape",
    [
        {"l_max": 0},
        {"l_max": 1},
        {"l_max": 2},
        {"l_max": 3},
        {"l_max": 4, "interactions": 2},
        {"l_max": 1, "parity": True, "interactions": 6, "channels": 3},
        {"l_max": 2, "parity": True, "interactions": 4},
        {"l_max": 1, "interactions": 1},
        {"l_max": 2, "interactions": 2, "channels": 40},
        {"l_max": 2, "interactions": 4, "channels": 5},
    ],
    ids=str,
)
def test_nothing_but_the_table_differs(
    build: Any, shape: dict[str, Any], instructions: str
) -> None:
    potential = equivariant_potential(**shape)
    case = _build(build, potential, precision=np.float64, instructions=instructions)
    found = case.engine.evaluate(neighborhoods(rattled()))
    _assert_equal(found, by_torch(case.tabulated, rattled()), 1e-10, 1e-10)
