"""The EIP labels of a set of structures as arrays: which there are, and how they align."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from ase import Atoms

from eippot.config.stages import AlignmentKind
from eippot.eips.labels import SOURCE
from eippot.errors import DataError
from eippot.graphs.alignment import Alignment, fit_alignment
from eippot.graphs.references import composition
from eippot.properties import ENERGY, eip_key, reference_key
from eippot.structures.choosing import energies_under, have, keys_of

#: the class of structures that no EIP describes.
NONE_CLASS: Final = "none"

_ENERGY_KEY: Final = re.compile(re.escape(eip_key("@", ENERGY.name)).replace("@", "(.+)"))


def eip_names(structures: Sequence[Atoms], chosen: Sequence[str] = ()) -> list[str]:
    """Names of the EIPs that labelled a set of structures, sorted.

    Parameters
    ----------
    structures
        Structures as ``eippot label`` writes them.
    chosen
        Names to restrict to; all if empty.

    Raises
    ------
    DataError
        No structure has an EIP energy, or a chosen EIP has none.
    """
    found = _with_energy(structures)
    if not found:
        raise DataError(
            "Expected structures with EIP labels (`eip_<name>_energy`), got none.",
            "Run `eippot label` on the file first.",
        )
    unknown = sorted(set(chosen) - found)
    if unknown:
        raise DataError(
            f"Expected EIPs among {', '.join(sorted(found))}, got {', '.join(unknown)}.",
            "Check `eips` in the configuration.",
        )
    return sorted(chosen or found)


def eip_sources(
    structures: Sequence[Atoms], names: Sequence[str] | None = None
) -> dict[str, str | None]:
    """Where the EIPs that labelled a set of structures come from.

    Parameters
    ----------
    structures
        Structures as ``eippot label`` writes them.
    names
        Names of EIPs; all that have an energy if None.

    Returns
    -------
    dict
        Name → source, None where the structures do not say; empty where no EIP labelled any.
    """
    sources: dict[str, str | None] = dict.fromkeys(
        sorted(_with_energy(structures) if names is None else names)
    )
    for name in sources:
        key = eip_key(name, SOURCE)
        said = have(structures, key)
        if said.any():
            sources[name] = str(structures[int(said.argmax())].info[key])
    return sources


def eip_energies(structures: Sequence[Atoms], names: Sequence[str]) -> np.ndarray:
    """Energies ``(structures, P)`` [eV] of P EIPs, as labelled; NaN where there is none."""
    energies = np.zeros((len(structures), len(names)))
    for column, name in zip(energies.T, names, strict=True):
        column[:] = energies_under(structures, eip_key(name, ENERGY.name))
    return energies


def reference_energies_of(structures: Sequence[Atoms]) -> np.ndarray:
    """DFT energies ``(structures,)`` [eV]; NaN where there is none."""
    return energies_under(structures, reference_key(ENERGY))


def align_eips(
    training: Sequence[Atoms],
    names: Sequence[str],
    species: Sequence[str],
    kind: AlignmentKind,
) -> list[Alignment]:
    """Fit the alignment of every EIP on the DFT-labelled training structures.

    Raises
    ------
    DataError
        An EIP has too few labels on them.
    """
    energies = eip_energies(training, names)
    reference = reference_energies_of(training)
    counts = composition(training, species)
    return [
        fit_alignment(name, kind, species, energies[:, i], reference, counts)
        for i, name in enumerate(names)
    ]


def aligned_energies(structures: Sequence[Atoms], alignments: Sequence[Alignment]) -> np.ndarray:
    """Energies ``(structures, P)`` [eV] of the EIPs on the DFT scale."""
    raw = eip_energies(structures, [alignment.source for alignment in alignments])
    counts = composition(structures, alignments[0].species)
    return np.array(
        [
            [
                alignment.energy(energy, count)
                for alignment, energy in zip(alignments, row, strict=True)
            ]
            for row, count in zip(raw, counts, strict=True)
        ]
    )


def true_classes(
    structures: Sequence[Atoms], alignments: Sequence[Alignment], cutoff_per_atom: float
) -> np.ndarray:
    """Which EIP is closest to DFT: an index, or P ("none") where the best is not close enough.

    Parameters
    ----------
    structures
        DFT-labelled structures.
    alignments
        P aligned EIPs.
    cutoff_per_atom
        c [eV/atom] (Shui et al. 2022: 0.1).
    """
    errors = np.abs(
        aligned_energies(structures, alignments) - reference_energies_of(structures)[:, None]
    )
    errors /= np.array([[len(atoms)] for atoms in structures])
    errors = np.where(np.isfinite(errors), errors, np.inf)
    best = errors.argmin(axis=1)
    return np.where(errors.min(axis=1) > cutoff_per_atom, len(alignments), best)


def _with_energy(structures: Sequence[Atoms]) -> set[str]:
    """Names of the EIPs that have an energy for some structure."""
    return {match[1] for key in keys_of(structures) if (match := _ENERGY_KEY.fullmatch(key))}
