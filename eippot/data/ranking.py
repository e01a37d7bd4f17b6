"""How near label sources are to DFT, and which of them say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from ase import Atoms

from eippot.data.sources import reference_energies_of
from eippot.errors import DataError
from eippot.graphs.alignment import fit_alignment
from eippot.graphs.references import composition, sizes_of
from eippot.properties import FORCES, reference_key
from eippot.structures.io import forces_of

#: energies are the same if they differ by less than this share of how much they vary.
_SAME: Final = 1e-3


@dataclass(frozen=True)
class Agreement:
    """An aligned label source beside DFT, on the structures that have both.

    Attributes
    ----------
    energy_mae
        Mean absolute error of energies [eV/atom].
    correlation
        Pearson's, of energies per atom beyond what the composition says; None where one of them
        is a constant.
    forces_mae
        Mean absolute error of force components [eV/Å]; None without forces of both.
    """

    energy_mae: float
    correlation: float | None
    forces_mae: float | None


class Comparison:
    """Structures with their DFT labels, which label sources are compared with.

    Parameters
    ----------
    structures
        m structures.
    species
        S chemical symbols.
    """

    def __init__(self, structures: Sequence[Atoms], species: Sequence[str]) -> None:
        self._species = species
        self._counts = composition(structures, species).reshape(len(structures), len(species))
        self._sizes = sizes_of(structures)
        self._energies = reference_energies_of(structures)
        self._forces = [forces_of(atoms, reference_key(FORCES)) for atoms in structures]

    @property
    def spread(self) -> float:
        """Mean absolute deviation of DFT energies from what the composition says [eV/atom]."""
        known = np.isfinite(self._energies)
        return float(np.abs(self._beyond_composition(self._energies, known)).mean())

    def agreement(
        self, source: str, energies: np.ndarray, forces: Sequence[np.ndarray | None]
    ) -> Agreement | None:
        """How near a source is to DFT after affine alignment; None where it has too few labels.

        Parameters
        ----------
        source
            Its name.
        energies
            ``(m,)`` [eV]; NaN where there is none.
        forces
            ``(n, 3)`` of each structure [eV/Å]; None where there are none.
        """
        try:
            alignment = fit_alignment(
                source, "affine", self._species, energies, self._energies, self._counts
            )
        except DataError:
            return None
        both = np.isfinite(energies) & np.isfinite(self._energies)
        errors = [
            np.abs(alignment.slope * said - known).ravel()
            for said, known in zip(forces, self._forces, strict=True)
            if said is not None and known is not None
        ]
        return Agreement(
            alignment.mae_per_atom,
            _correlation(
                self._beyond_composition(energies, both),
                self._beyond_composition(self._energies, both),
            ),
            float(np.concatenate(errors).mean()) if errors else None,
        )

    def are_same(self, one: np.ndarray, other: np.ndarray) -> bool:
        """Whether two sources give energies ``(m,)`` that an affine alignment makes the same.

        Structures that only one of them has a label for do not count.
        """
        both = np.isfinite(one) & np.isfinite(other)
        if both.sum() < len(self._species) + 2:
            return False
        first, second = (self._beyond_composition(energies, both) for energies in (one, other))
        norm = float(second @ second)
        slope = float(first @ second) / norm if norm > 0.0 else 0.0
        left = np.median(np.abs(first - slope * second))
        return bool(left < _SAME * np.median(np.abs(first)))

    def _beyond_composition(self, energies: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Energies per atom of the chosen structures without the part linear in composition."""
        sizes = self._sizes[chosen]
        counts, per_atom = self._counts[chosen] / sizes[:, None], energies[chosen] / sizes
        said = counts @ np.linalg.lstsq(counts, per_atom, rcond=None)[0]
        beyond: np.ndarray = per_atom - said
        return beyond


def _correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Pearson's correlation of two rows of numbers whose means are zero."""
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if norm > 0.0 else None
