"""Signs and orders, fixed in one place: strain, stress, virial and their six-component forms.

- ``cell`` has the lattice vectors as rows; ``edge_vector = r_neighbor − r_center``.
- stress = (dE/dε)/V, positive under tension (ASE's sign).
- virial = −V·stress = −Σ r ⊗ ∂E/∂r over edges, positive under compression (LAMMPS' sign).
- ASE orders six components xx, yy, zz, **yz, xz, xy**; LAMMPS xx, yy, zz, **xy, xz, yz**.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ASE_VOIGT: Final = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
LAMMPS_ORDER: Final = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def stress_to_ase_voigt(stress: Array) -> Array:
    """Six components of a symmetric tensor in ASE's order.

    Parameters
    ----------
    stress
        Shape ``(..., 3, 3)`` [eV/Å³].

    Returns
    -------
    Array
        Shape ``(..., 6)``: xx, yy, zz, yz, xz, xy [eV/Å³].
    """
    return _components(stress, ASE_VOIGT)


def virial_to_lammps_order(virial: Array) -> Array:
    """Six components of a symmetric tensor in LAMMPS' order.

    Parameters
    ----------
    virial
        Shape ``(..., 3, 3)`` [eV].

    Returns
    -------
    Array
        Shape ``(..., 6)``: xx, yy, zz, xy, xz, yz [eV].
    """
    return _components(virial, LAMMPS_ORDER)


def stress_from_ase_voigt(voigt: Array) -> Array:
    """Full tensor ``(3, 3)`` from ASE's six components ``(6,)`` (xx, yy, zz, yz, xz, xy)."""
    xx, yy, zz, yz, xz, xy = (float(x) for x in voigt)
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def stress_to_virial(stress: Array, volume: float) -> Array:
    """Virial = −V·stress.

    Parameters
    ----------
    stress
        Shape ``(3, 3)`` [eV/Å³].
    volume
        Volume of the cell [Å³], positive.

    Returns
    -------
    Array
        Shape ``(3, 3)`` [eV].
    """
    return -volume * stress


def _components(tensor: Array, order: tuple[tuple[int, int], ...]) -> Array:
    twice = tensor + tensor.swapaxes(-1, -2)
    return 0.5 * twice.reshape(*tensor.shape[:-2], 9).take(_places(order), axis=-1)


@cache
def _places(order: tuple[tuple[int, int], ...]) -> npt.NDArray[np.int64]:
    """Where the components are in a flat tensor."""
    return np.array([3 * i + j for i, j in order])
