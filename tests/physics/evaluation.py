"""Energy, forces and stress of a structure, straight from a potential."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from eippot.models.potential import Potential
from eippot.models.prediction import predict
from tests.networks import batch_of


@dataclass(frozen=True)
class Result:
    """Energy [eV], atomic energies (n,), forces (n, 3) [eV/Å], stress (3, 3) [eV/Å³]."""

    energy: float
    atomic: np.ndarray
    forces: np.ndarray
    stress: np.ndarray


def evaluate(potential: Potential, atoms: Atoms) -> Result:
    batch = batch_of([atoms], potential.scale.dtype, potential.representation.cutoff)
    found = predict(potential, batch, with_forces=True, with_stress=True, create_graph=False)
    assert found.forces is not None
    assert found.stress is not None
    atomic = potential(batch.species, batch.edge_index, batch.edge_vectors)[:, 0]
    return Result(
        float(found.energy[0, 0]),
        atomic.detach().numpy().astype(float),
        found.forces.numpy().astype(float),
        found.stress[0].numpy().astype(float),
    )


def energy(potential: Potential, atoms: Atoms) -> float:
    batch = batch_of([atoms], potential.scale.dtype, potential.representation.cutoff)
    found = predict(potential, batch, with_forces=False, with_stress=False, create_graph=False)
    return float(found.energy[0, 0].detach())


def assert_close(found: Result, expected: Result, tolerance: float) -> None:
    """Agreement relative to the size of the energies, forces and stresses that are expected."""
    for name in ("energy", "atomic", "forces", "stress"):
        a, b = np.asarray(getattr(found, name)), np.asarray(getattr(expected, name))
        size = max(float(np.abs(b[np.isfinite(b)]).max(initial=0.0)), 0.1)
        np.testing.assert_allclose(a / size, b / size, rtol=0, atol=tolerance, err_msg=name)


def rotated(atoms: Atoms, rotation: np.ndarray) -> Atoms:
    """The structure turned as a whole: every vector v becomes v·R."""
    turned = atoms.copy()
    turned.set_cell(atoms.cell.array @ rotation)
    turned.positions = atoms.positions @ rotation
    return turned
