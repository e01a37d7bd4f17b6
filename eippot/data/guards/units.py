"""Units of energies and forces, by the scale on which DFT and the EIPs agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from ase import units

from eippot.data.guards.comparison import Likeness, closest
from eippot.data.guards.findings import Finding
from eippot.data.guards.labelled import Floats, LabelledSet
from eippot.properties import ENERGY, FORCES, reference_key

#: scales of right labels are 0.4 to 1.1; the nearest wrong ones are those of Rydberg, 13.6 times
#: smaller, and of kcal/mol, 23 times larger.
_RIGHT: Final = (0.15, 4.0)
#: beyond these, it is another unit though no one knows which; one crystal's energies alone may have
#: 0.14 beside a stiff EIP.
_WITHOUT_NAME: Final = (0.02, 50.0)
#: what a unit has to leave of a scale to explain it.
_EXPLAINED: Final = (0.35, 1.3)
#: how much less energies vary than energies per atom if they are per atom already, what energies
#: per atom vary by at least, beside their mean, and the fewest structures that tell.
_VARY_LESS: Final = 0.2
_LEAST_VARIATION: Final = 1e-2
_FEWEST: Final = 10

#: 1 eV, and 1 eV/Å, in other units.
ENERGY_UNITS: Final = {
    "Hartree": 1 / units.Hartree,
    "Rydberg": 1 / units.Rydberg,
    "kcal/mol": units.mol / units.kcal,
    "kJ/mol": units.mol / units.kJ,
    "meV": 1e3,
}
FORCE_UNITS: Final = {
    "Hartree/Bohr": units.Bohr / units.Hartree,
    "Rydberg/Bohr": units.Bohr / units.Rydberg,
    "kcal/mol/Å": units.mol / units.kcal,
    "kJ/mol/Å": units.mol / units.kJ,
    "kJ/mol/nm": 10 * units.mol / units.kJ,
    "meV/Å": 1e3,
}


def explaining(
    scale: float, known: Mapping[str, float], within: tuple[float, float] = _EXPLAINED
) -> list[str]:
    """Units that explain a scale, the nearest first.

    Parameters
    ----------
    scale
        What was found in place of 1.
    known
        Scale of each unit.
    within
        What a unit may leave of the scale.
    """
    left = {name: scale / factor for name, factor in known.items()}
    named = [name for name, rest in left.items() if within[0] < rest < within[1]]
    return sorted(named, key=lambda name: abs(np.log(left[name])))


def is_off(scale: float, known: Mapping[str, float]) -> bool:
    """Whether a scale is none that labels in the right unit have, but one of another unit."""
    if _RIGHT[0] <= scale <= _RIGHT[1]:
        return False
    is_named = bool(explaining(scale, known))
    return is_named or not _WITHOUT_NAME[0] <= scale <= _WITHOUT_NAME[1]


def blame_unit(what: str, like: Likeness, known: Mapping[str, float], right: str) -> str:
    """Say that values are in another unit, and in which if that is clear.

    Parameters
    ----------
    what
        The values.
    like
        What they are like.
    known
        Scale of each unit that they may be in.
    right
        The unit that is expected.
    """
    named = explaining(like.scale, known)
    unit = f"as in {' or '.join(named)}" if named else "as in no unit that is known here"
    return (
        f"{what} is {like.scale:.3g} times that of the EIP that is most like it "
        f"({like.source}, rank correlation {like.correlation:.2f}), {unit}; {right} is expected: "
        "convert it."
    )


def check_units(labelled: LabelledSet) -> list[Finding]:
    """Compare energies and forces with those of the EIPs."""
    return [*_check_energies(labelled), *_check_forces(labelled)]


def _check_energies(labelled: LabelledSet) -> list[Finding]:
    dft, key = labelled.dft.energies, f"`{reference_key(ENERGY)}`"
    if _is_per_atom(labelled):
        text = (
            f"{key} does not grow with the number of atoms: are these energies per atom? The "
            "energy of the whole structure is expected: multiply by the number of atoms."
        )
        return [Finding(ENERGY.name, text)]
    like = closest(
        labelled.relative(dft),
        {name: labelled.relative(said.energies) for name, said in labelled.eips.items()},
        np.arange(len(labelled)),
    )
    if like is None:
        return []
    if like.correlation < 0:
        text = (
            f"{key} rises where the EIPs fall (rank correlation {like.correlation:.2f} with "
            f"{like.source}): is the sign wrong?"
        )
        return [Finding(ENERGY.name, text)]
    if is_off(like.scale, ENERGY_UNITS):
        what = f"The spread of {key} per atom"
        return [Finding(ENERGY.name, blame_unit(what, like, ENERGY_UNITS, "eV"))]
    return []


def _is_per_atom(labelled: LabelledSet) -> bool:
    """Whether energies of structures of many sizes are all alike."""
    energies, sizes = labelled.dft.energies, labelled.n_atoms
    known = np.isfinite(energies) & (sizes > 1)
    if known.sum() < _FEWEST:
        return False
    fractions = labelled.fractions[known]
    as_they_are = _unexplained(energies[known], fractions)
    per_atom = _unexplained((energies / sizes)[known], fractions)
    return per_atom > _LEAST_VARIATION and as_they_are < _VARY_LESS * per_atom


def _unexplained(values: Floats, fractions: Floats) -> float:
    """Share of values that the composition does not tell."""
    left = values - fractions @ np.linalg.lstsq(fractions, values, rcond=None)[0]
    return float(np.abs(left).sum() / max(np.abs(values).sum(), 1e-300))


def _check_forces(labelled: LabelledSet) -> list[Finding]:
    key = f"`{reference_key(FORCES)}`"
    eips = {name: said.forces for name, said in labelled.eips.items()}
    like = closest(labelled.dft.forces, eips, labelled.owner)
    if like is None:
        return []
    if like.correlation < 0:
        text = (
            f"{key} points against those of the EIPs (rank correlation {like.correlation:.2f} with "
            f"{like.source}): are these gradients of the energy? Forces are minus the gradient."
        )
        return [Finding(FORCES.name, text)]
    if is_off(like.scale, FORCE_UNITS):
        return [Finding(FORCES.name, blame_unit(key, like, FORCE_UNITS, "eV/Å"))]
    return []
