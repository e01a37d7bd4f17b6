"""Committees, and networks above the repulsion of nuclei."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from torch import nn

from eippot.deployment.engines import parameters_of
from eippot.kernels.engine import Engine
from eippot.models.blocks.zbl import ZBL
from eippot.models.potential import Potential
from eippot.testing.exporting import exported_model
from tests.kernels.subjects import CUTOFF, SPECIES, by_torch, neighborhoods, random_potential

REFERENCES = dict(zip(SPECIES, (-40.0, -100.0), strict=True))


def close_atoms() -> Atoms:
    """Distances from 0.03 Å to 4 Å; atoms and their images."""
    positions = np.random.default_rng(1).uniform(0.0, 6.0, (24, 3))
    positions[1] = positions[0] + [0.03, 0.0, 0.0]
    positions[3] = positions[2] + [0.0, 0.3, 0.1]
    return Atoms("CSi" * 12, positions, cell=[6.0, 6.0, 6.5], pbc=True)


def with_core(seed: int) -> Potential:
    potential = random_potential(8 * seed)
    potential.core = ZBL(SPECIES, CUTOFF)
    return potential


@pytest.mark.parametrize("members", [1, 3])
def test_they_are_what_torch_says(library: Path, members: int) -> None:
    potentials = [with_core(1 + k) if k != 1 else random_potential(8) for k in range(members)]
    model, metadata = exported_model(potentials, "schnet", 1024, REFERENCES)
    engine = Engine(library, "schnet", parameters_of(model, metadata), np.float64)
    atoms = close_atoms()
    found = engine.evaluate(neighborhoods(atoms), n_threads=2)
    expected = by_torch(_Column(model), atoms)
    largest = np.abs(expected.forces).max()
    assert largest > 100.0
    np.testing.assert_allclose(found.energies, expected.energies, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-11 * largest)
    np.testing.assert_allclose(
        found.virials.sum(axis=0), expected.virials, rtol=0, atol=1e-11 * largest
    )


class _Column(nn.Module):
    """Energies as by a potential with one head."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        energies: torch.Tensor = self.model(*inputs).unsqueeze(1)
        return energies
