"""Crystal phases of silicon in their smallest cells, near their PBE volumes.

Lattice constants are round numbers close to PBE; the recipe strains, scales and rattles
every structure, so nothing hangs on the last digit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal


def diamond() -> Atoms:
    """Return cubic diamond, 2 atoms."""
    return bulk("Si", "diamond", a=5.47)


def lonsdaleite() -> Atoms:
    """Return hexagonal diamond, 4 atoms."""
    return crystal(
        "Si", [(1 / 3, 2 / 3, 0.0629)], spacegroup=194, cellpar=[3.86, 3.86, 6.38, 90, 90, 120]
    )


def beta_tin() -> Atoms:
    """Return β-tin (I4₁/amd), 2 atoms."""
    edge, height = 4.81, 4.81 * 0.55
    cell = [
        [-edge / 2, edge / 2, height / 2],
        [edge / 2, -edge / 2, height / 2],
        [edge / 2, edge / 2, -height / 2],
    ]
    return Atoms("Si2", positions=[[0, 0, 0], [0, edge / 2, height / 4]], cell=cell, pbc=True)


def simple_hexagonal() -> Atoms:
    """Return simple hexagonal, 1 atom."""
    return Atoms("Si", cell=[2.64, 2.64, 2.48, 90, 90, 120], pbc=True)


def bc8() -> Atoms:
    """Return BC8 (Ia-3), 8 atoms."""
    return crystal(
        "Si", [(0.1003,) * 3], spacegroup=206, cellpar=[6.64] * 3 + [90] * 3, primitive_cell=True
    )


def st12() -> Atoms:
    """Return ST12 (P4₃2₁2), 12 atoms."""
    return crystal(
        ["Si", "Si"],
        [(0.0912, 0.0912, 0.0), (0.1730, 0.3784, 0.2486)],
        spacegroup=96,
        cellpar=[5.63, 5.63, 6.75, 90, 90, 90],
    )


def bct5() -> Atoms:
    """Return body-centered tetragonal, five-fold coordinated (I4/mmm), 2 atoms."""
    return crystal(
        "Si",
        [(0.0, 0.0, 0.199)],
        spacegroup=139,
        cellpar=[3.34, 3.34, 5.96, 90, 90, 90],
        primitive_cell=True,
    )


def fcc() -> Atoms:
    """Return face-centered cubic, 1 atom."""
    return bulk("Si", "fcc", a=3.87)


def bcc() -> Atoms:
    """Return body-centered cubic, 1 atom."""
    return bulk("Si", "bcc", a=3.09)


def hcp() -> Atoms:
    """Return hexagonal close-packed, 2 atoms."""
    return bulk("Si", "hcp", a=2.73, c=2.73 * 1.65)


def simple_cubic() -> Atoms:
    """Return simple cubic, 1 atom."""
    return bulk("Si", "sc", a=2.53)


def a15() -> Atoms:
    """Return A15 (β-tungsten), 8 atoms."""
    return crystal(
        ["Si", "Si"],
        [(0.0, 0.0, 0.0), (0.25, 0.0, 0.5)],
        spacegroup=223,
        cellpar=[4.95] * 3 + [90] * 3,
    )


def graphitic() -> Atoms:
    """Return stacked silicene layers (AB), 4 atoms."""
    third, height = 1 / 3, 0.09
    fractional = [
        (0, 0, 0.25 - height / 2),
        (third, 2 * third, 0.25 + height / 2),
        (third, 2 * third, 0.75 - height / 2),
        (2 * third, third, 0.75 + height / 2),
    ]
    cell = [3.88, 3.88, 6.6, 90, 90, 120]
    return Atoms("Si4", scaled_positions=fractional, cell=cell, pbc=True)


def silicene() -> Atoms:
    """Return one buckled silicene layer, 2 atoms, open in z with 8 Å of vacuum."""
    layer = Atoms(
        "Si2",
        scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0)],
        cell=[3.87, 3.87, 8.5, 90, 90, 120],
        pbc=(True, True, False),
    )
    layer.positions[:, 2] = np.array([-0.23, 0.23]) + 4.25
    return layer


PHASES: dict[str, Callable[[], Atoms]] = {
    phase.__name__: phase
    for phase in (
        diamond,
        lonsdaleite,
        beta_tin,
        simple_hexagonal,
        bc8,
        st12,
        bct5,
        fcc,
        bcc,
        hcp,
        simple_cubic,
        a15,
        graphitic,
    )
}
