"""Forces and stress are derivatives of the energy, and can be trained on.

Derivatives are compared with finite differences of the same potential in float64, for both number
formats.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Final

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.testing.checks.symmetry import transformed
from eippot.testing.results import Floats, expect, expect_close
from eippot.testing.structures import EVERY_KIND, dimer, periodic
from eippot.testing.subject import Subject

#: where to evaluate f for f′(0) ≈ Σ weight·f(step), up to step⁴/30 f⁗′.
_STEP: Final = 2e-4
_STENCIL: Final = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
_FINITE_DIFFERENCE_ERROR: Final = 1e-7


def check_forces(subject: Subject) -> None:
    """Forces are minus the derivative of the energy, along random displacements."""
    for name, structure in EVERY_KIND.items():
        atoms = structure()
        directions = np.random.default_rng(0).standard_normal((3, len(atoms), 3))
        directions /= np.linalg.norm(directions, axis=(1, 2), keepdims=True)
        numerical = _derivatives(
            subject, [[_moved(atoms, k * _STEP * d) for k in _STENCIL] for d in directions]
        )
        found = subject.evaluate(atoms)
        allowed = _tolerance(subject) * found.size
        along = -np.tensordot(directions, found.forces)
        expect_close(along, numerical, allowed, f"{name}: dE/ds along random displacements", "eV/Å")


def check_stress(subject: Subject) -> None:
    """Stress is dE/dε/V for symmetric strains ε of cell and positions."""
    for name, structure in EVERY_KIND.items():
        atoms = structure()
        if not atoms.pbc.all():
            continue
        strains = np.random.default_rng(0).standard_normal((4, 3, 3))
        strains += strains.transpose(0, 2, 1)
        strains /= np.linalg.norm(strains, axis=(1, 2), keepdims=True)
        numerical = _derivatives(
            subject,
            [[transformed(atoms, np.eye(3) + k * _STEP * s) for k in _STENCIL] for s in strains],
        )
        found = subject.evaluate(atoms)
        along = np.tensordot(strains, found.stress)
        allowed = 3 * _tolerance(subject) * found.stress_size  # |σ:ε| ≤ 3·max|σ| for |ε| = 1
        what = f"{name}: σ:ε along random strains"
        expect_close(along, numerical / atoms.get_volume(), allowed, what, "eV/Å³")


def _tolerance(subject: Subject) -> float:
    return max(subject.tolerance, _FINITE_DIFFERENCE_ERROR)


def _moved(atoms: Atoms, displacements: Floats) -> Atoms:
    moved = atoms.copy()
    moved.positions += displacements
    return moved


def _derivatives(subject: Subject, structures: list[list[Atoms]]) -> Floats:
    """Derivative of the exact energy for every line of structures at the steps of the stencil."""
    energies = subject.exact.energies([atoms for line in structures for atoms in line])
    weights = np.array(list(_STENCIL.values()))
    derivatives: Floats = energies.reshape(-1, len(weights)) @ weights / _STEP
    return derivatives


def check_atoms_in_one_place(subject: Subject) -> None:
    """Energy and forces are finite when atoms coincide, as they may in a first guess."""
    third = dimer(0.0) + Atoms("Si", positions=[[1.5, 1.0, 0.3]])
    for name, atoms in {"dimer": dimer(0.0), "trimer": third}.items():
        found = subject.evaluate(atoms)
        finite = np.isfinite(found.energy) and np.isfinite(found.forces).all()
        expect(
            finite,
            f"{name} with two atoms in one place: expected finite energy and forces, got "
            f"{found.energy} eV, {found.forces.tolist()} eV/Å",
        )


def check_training_on_forces(subject: Subject) -> None:
    """A loss of energy and forces has the right derivative with respect to the weights."""
    model = subject.potential
    weights = dict(model.named_parameters())
    gradients = torch.autograd.grad(
        _loss(model, subject), list(weights.values()), materialize_grads=True
    )
    for name, gradient in zip(weights, gradients, strict=True):
        finite = bool(gradient.isfinite().all())
        expect(finite, f"periodic: expected a finite gradient of {name}, got {gradient}")
    gradient = torch.cat([g.double().flatten() for g in gradients])
    direction = torch.from_numpy(np.random.default_rng(0).standard_normal(len(gradient)))
    direction /= direction.norm()
    numerical = 0.0
    for k, factor in _STENCIL.items():
        shifted = deepcopy(subject.exact.potential)
        vector = torch.nn.utils.parameters_to_vector(shifted.parameters())
        torch.nn.utils.vector_to_parameters(vector + k * _STEP * direction, shifted.parameters())
        numerical += factor * float(_loss(shifted, subject.exact).detach()) / _STEP
    allowed = _tolerance(subject) * float(gradient.norm())
    what = "periodic: derivative of a loss of energy and forces along a random change of weights"
    expect_close(float(gradient @ direction), numerical, allowed, what, "")


def _loss(model: Potential, subject: Subject) -> Tensor:
    found = predict(
        model, subject.batch([periodic()]), with_forces=True, with_stress=False, create_graph=True
    )
    assert found.forces is not None
    return found.energy.square().sum() + found.forces.square().sum()
