"""Energy, forces and their slopes are continuous, wherever an atom enters or leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from ase import Atoms
from scipy.ndimage import maximum_filter1d

from eippot.models.prediction import predict
from eippot.testing.results import Floats, expect, expect_close
from eippot.testing.structures import dimer
from eippot.testing.subject import Subject

Path = Callable[[float], Atoms]

_SPACING: Final = 0.005  # of the points of a path [Å]
_FINE, _COARSE = 2, 8
_MARGIN: Final = 2 * _COARSE
#: How much the roughness may be at the fine stride, relative to that at the coarse one. Of a
#: function with a continuous slope it falls fourfold or more, with a kink it stays. A longer coarse
#: stride would see more of what is smooth, and miss small kinks beside it.
_SUSPICIOUS: Final = 0.45


def check_smooth_at_the_cutoff(subject: Subject) -> None:
    """Energy, forces and slopes of forces have no jump, at the cutoff or at any other distance.

    One atom leaves another one, and a group of three, until all are beyond the cutoff.
    """
    cutoff = subject.potential.representation.cutoff
    _check_path(subject, "dimer", dimer, np.arange(1.6, cutoff + 0.3, _SPACING))
    group = np.arange(0.0, cutoff + 1.2, _SPACING)
    _check_path(subject, "atom that leaves three others", _leaving, group)


def _leaving(distance: float) -> Atoms:
    """Three atoms, and one that has gone ``distance`` away from where it was near all of them."""
    mover = np.array([0.9, -1.3, 0.6]) + distance * np.array([0.27, -0.89, 0.37])
    return Atoms("SiCSiC", positions=[[0, 0, 0], [1.9, 0.6, 0], [0.4, 0.8, 1.8], mover])


def _check_path(subject: Subject, where: str, path: Path, points: Floats) -> None:
    exact = _along(subject.exact, path, points)
    floor = 1e-7 * float(np.abs(exact).max())
    fine = _roughness(exact, _FINE)
    coarse = maximum_filter1d(_roughness(exact, _COARSE), 2 * _MARGIN + 1, axis=0)
    suspicious = np.where(fine > _SUSPICIOUS * coarse + floor, fine, 0.0)
    while suspicious.any():
        row, column = np.unravel_index(np.argmax(suspicious), suspicious.shape)
        near = slice(max(0, row - _MARGIN), row + _MARGIN + 1)
        point = points[row + _MARGIN]
        closer = point + np.linspace(-1, 1, 16 * _MARGIN + 1) * _MARGIN * _SPACING
        rough = _roughness(_along(subject.exact, path, closer), _FINE, spacing=_SPACING / 8)
        expect(
            rough[:, column].max() <= _SUSPICIOUS * fine[near, column].max() + floor,
            f"{where}: expected energy, forces and slopes of forces to be continuous, got a jump "
            f"of {'the energy' if column == 0 else 'a force or its slope'} near {point:.2f} Å "
            f"along the path",
        )
        suspicious[near, column] = 0.0
    if subject is not subject.exact:
        some = slice(None, None, 10)
        found = _along(subject, path, points[some])
        allowed = subject.tolerance * float(np.abs(exact).max())
        expect_close(found, exact[some], allowed, f"{where}: [energy, forces] along the path", "")


def _along(subject: Subject, path: Path, points: Floats) -> Floats:
    """Energy [eV] and forces [eV/Å] at every point, ``(points, 1 + 3n)``."""
    found = predict(
        subject.potential,
        subject.batch([path(x) for x in points]),
        with_forces=True,
        with_stress=False,
        create_graph=False,
    )
    assert found.forces is not None
    forces = found.forces.reshape(len(points), -1)
    columns = torch.cat([found.energy.detach(), forces], dim=1)
    return columns.double().numpy()


def _roughness(columns: Floats, stride: int, spacing: float = _SPACING) -> Floats:
    """Fourth differences |f₋₂ − 4f₋₁ + 6f₀ − 4f₁ + f₂|/h with h = stride·spacing.

    Near a jump of the slope they are about that jump at any h, and larger where f itself jumps.
    Near a jump of the second derivative they fall as h, and where there is none as h³.
    ``(points − 32, columns)``: 16 points at either end have no neighbors that far.
    """
    shifted = [
        columns[_MARGIN + k * stride : len(columns) - _MARGIN + k * stride] for k in range(-2, 3)
    ]
    differences = np.tensordot([1.0, -4.0, 6.0, -4.0, 1.0], np.stack(shifted), axes=1)
    return np.asarray(abs(differences) / (stride * spacing), dtype=np.float64)
