"""How much of DFT the EIPs know, which tells how much a network will gain from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from eippot.data.combination import fit_combination
from eippot.data.sources import aligned_energies, reference_energies_of
from eippot.errors import DataError
from eippot.graphs.alignment import Alignment
from eippot.graphs.references import composition, sizes_of


@dataclass(frozen=True)
class Forecast:
    """EIPs beside DFT, on DFT-labelled structures.

    Attributes
    ----------
    spread
        Mean absolute deviation of DFT energies from what the composition says [eV/atom].
    best
        Name of the aligned EIP that is closest to DFT.
    best_error, combination_error
        Mean absolute errors of energies [eV/atom]: of this EIP, and of the linear combination of
        all, cross-validated.
    """

    spread: float
    best: str
    best_error: float
    combination_error: float

    @property
    def known(self) -> float:
        """Share of the spread that the combination explains; 0 where it is of no use."""
        return max(0.0, 1.0 - self.combination_error / self.spread) if self.spread else 0.0


def forecast(structures: Sequence[Atoms], alignments: Sequence[Alignment]) -> Forecast | None:
    """Compare aligned EIPs with DFT; None where there are too few labels for a combination.

    Parameters
    ----------
    structures
        DFT-labelled training structures.
    alignments
        How each EIP is brought to the DFT scale.
    """
    names, species = [each.source for each in alignments], alignments[0].species
    try:
        combined = fit_combination(structures, names, species)
    except DataError:
        return None
    sizes, reference = sizes_of(structures), reference_energies_of(structures)
    counts = composition(structures, species) / sizes[:, None]
    per_atom = reference / sizes
    said = counts @ np.linalg.lstsq(counts, per_atom, rcond=None)[0]
    off = np.abs(aligned_energies(structures, alignments) - reference[:, None]) / sizes[:, None]
    errors = np.nanmean(off, axis=0)
    best = int(np.nanargmin(errors))
    return Forecast(
        float(np.abs(per_atom - said).mean()),
        names[best],
        float(errors[best]),
        combined.energy_error,
    )
