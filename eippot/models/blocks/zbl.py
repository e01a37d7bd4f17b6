"""ZBL: the screened repulsion of two nuclei, the physics below bond lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from ase.data import atomic_numbers, covalent_radii
from torch import Tensor, nn

from eippot.models.base import sum_over_neighbors
from eippot.models.blocks.radial import edge_lengths
from eippot.units import COULOMB_EV_A

#: universal screening function φ(x) = Σ c exp(−d x), and its length in Å, in the digits that
#: LAMMPS' documentation of ``pair_style zbl`` gives.
SCREENING: Final = (
    (0.18175, 3.19980),
    (0.50986, 0.94229),
    (0.28022, 0.40290),
    (0.02817, 0.20162),
)
SCREENING_LENGTH: Final = 0.46850
SCREENING_POWER: Final = 0.23

#: where the repulsion begins to fade and where it ends, in sums of covalent radii. A bond in the
#: crystal of an element (0.84 or more of such sums) is left with less than 0.03 eV.
INNER: Final = 0.45
OUTER: Final = 0.90

#: distance [Å] below which nuclei are softened, so that energies and forces are finite at zero.
SOFT: Final = 0.1


class ZBL(nn.Module):
    """Universal repulsion of nuclei (Ziegler, Biersack & Littmark 1985), half to each center.

    E(r) = s(r) · (e²/4πε₀) Z_i Z_j φ(r/a) / r,  a = 0.4685 Å / (Z_i^0.23 + Z_j^0.23)

    s falls from 1 to 0, with two continuous derivatives, between 0.45 and 0.9 times the sum of the
    covalent radii (or ends at the cutoff, where that is shorter). Below 0.1 Å the distance is
    replaced by one that ends at 0.0375 Å, again with two continuous derivatives.

    It has the forward contract of a Potential with one head.

    Parameters
    ----------
    species
        Chemical symbols, in the order of species indices.
    cutoff
        Length of the longest edge [Å].
    """

    def __init__(self, species: Sequence[str], cutoff: float) -> None:
        super().__init__()
        coefficients, exponents = torch.tensor(SCREENING, dtype=torch.float64).T
        self.coefficients = nn.Buffer(coefficients.clone(), persistent=False)  # (4,)
        self.exponents = nn.Buffer(exponents.clone(), persistent=False)
        numbers = [atomic_numbers[symbol] for symbol in species]
        charge = torch.tensor(numbers, dtype=torch.float64)
        radius = torch.tensor(covalent_radii[numbers], dtype=torch.float64)
        power = charge.pow(SCREENING_POWER)
        self.strength = nn.Buffer(COULOMB_EV_A * charge[:, None] * charge, persistent=False)
        self.length = nn.Buffer(SCREENING_LENGTH / (power[:, None] + power), persistent=False)
        outer = (OUTER * (radius[:, None] + radius)).clamp(max=cutoff)
        self.outer = nn.Buffer(outer, persistent=False)  # (S, S), as the others

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Energies ``(n, 1)`` [eV] of the atoms; arguments as for Representation."""
        center, neighbor = species[edge_index[0]], species[edge_index[1]]
        distance = edge_lengths(edge_vectors)  # (E,)
        soft = _softened(distance)
        x = (soft / self.length[center, neighbor]).unsqueeze(1)  # (E, 1)
        screening = torch.exp(-x * self.exponents) @ self.coefficients  # (E,)
        pair = self.strength[center, neighbor] * screening / soft  # (E,) [eV]
        pair = pair * _switch(distance / self.outer[center, neighbor])
        return sum_over_neighbors(0.5 * pair.unsqueeze(1), edge_index[0], species.shape[0])


def _softened(distance: Tensor, soft: float = SOFT) -> Tensor:
    """The distance r, but (3/8 + 3/4 u² − 1/8 u⁴)·soft, u = r/soft, below ``soft`` [Å]."""
    u = (distance / soft).clamp(max=1.0)
    return distance + soft * (0.375 - u + 0.75 * u.pow(2) - 0.125 * u.pow(4))


def _switch(x: Tensor, begin: float = INNER / OUTER) -> Tensor:
    """1 up to ``begin``, then 1 − 10t³ + 15t⁴ − 6t⁵, 0 from x = 1 on."""
    t = ((x - begin) / (1.0 - begin)).clamp(0.0, 1.0)
    return 1.0 - t.pow(3) * (10.0 - t * (15.0 - 6.0 * t))
