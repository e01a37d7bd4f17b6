"""Stress: unit, sign, order of components, and whether it is a virial.

The EIPs tell all of it. Where there are none, strained copies tell unit and sign.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from ase import units

from eippot.conventions import stress_to_ase_voigt
from eippot.data.guards.comparison import Likeness, closest, likeness
from eippot.data.guards.findings import Finding
from eippot.data.guards.labelled import Floats, LabelledSet
from eippot.data.guards.strained import strained_copies
from eippot.data.guards.units import ENERGY_UNITS, blame_unit, explaining, is_off
from eippot.properties import STRESS, reference_key
from eippot.units import BAR_PER_EV_PER_A3, GPA_PER_EV_PER_A3

#: 1 eV/Å³ in other units.
STRESS_UNITS: Final = {
    "GPa": GPA_PER_EV_PER_A3,
    "kbar": BAR_PER_EV_PER_A3 / 1000,
    "bar": BAR_PER_EV_PER_A3,
    "Hartree/Bohr³": units.Bohr**3 / units.Hartree,
    "Rydberg/Bohr³": units.Bohr**3 / units.Rydberg,
}
#: what the components yz, xz, xy of ASE's order hold if a file has another order.
_ORDERS: Final = {
    "LAMMPS (xx, yy, zz, xy, xz, yz)": (5, 4, 3),
    "VASP (xx, yy, zz, xy, yz, zx)": (5, 3, 4),
}
#: how much more alike shear has to be in another order; in the right one, it was 0.3 to 0.7 more.
_MORE_ALIKE: Final = 0.2
#: how much more alike values are as a virial; volumes have to differ for that.
_MORE_VIRIAL: Final = 0.02
#: what strained copies of right labels may have; it was 0.97 to 1.00 on three sets.
_COPIES: Final = (0.67, 1.5)

_KEY: Final = f"`{reference_key(STRESS)}`"
_CONVENTION: Final = "Stress is (dE/dε)/V, positive under tension (docs/conventions.md)."


def check_stress(labelled: LabelledSet) -> list[Finding]:
    """Compare stress with that of the EIPs, or with the energies of strained copies."""
    dft = stress_to_ase_voigt(labelled.dft.stress)  # (k, 6)
    eips = {name: stress_to_ase_voigt(said.stress) for name, said in labelled.eips.items()}
    like = closest(dft, eips, np.arange(len(dft)))
    said = _by_eips(dft, eips, like, labelled.volumes) if like else _by_copies(labelled)
    return [Finding(STRESS.name, said)] if said else []


def _by_eips(dft: Floats, eips: dict[str, Floats], like: Likeness, volumes: Floats) -> str:
    virial = closest(dft / volumes[:, None], eips, np.arange(len(dft)))
    if (
        virial
        and not is_off(virial.scale, STRESS_UNITS)
        and abs(virial.correlation) > abs(like.correlation) + _MORE_VIRIAL
    ):
        return (
            f"{_KEY} is like a virial [eV]: divided by the volume, it is {virial.scale:.3g} times "
            f"that of {virial.source} (rank correlation {virial.correlation:.2f}). {_CONVENTION} "
            f"Divide by {'V' if virial.correlation > 0 else '−V'}."
        )
    sentences = []
    if is_off(like.scale, _units(volumes)):
        sentences.append(blame_unit(_KEY, like, _units(volumes), "eV/Å³"))
    if like.correlation < 0:
        sentences.append(
            f"{_KEY} has the sign of a pressure (rank correlation {like.correlation:.2f} with "
            f"{like.source}), as VASP and LAMMPS write it. {_CONVENTION} Turn the sign."
        )
    if order := _other_order(dft, eips):
        sentences.append(
            f"{_KEY} is like that of the EIPs in the order of {order}. Six components are read as "
            "xx, yy, zz, yz, xz, xy."
        )
    return " ".join(sentences)


def _units(volumes: Floats) -> dict[str, float]:
    """Units, and the virial of structures that are all about as large."""
    return STRESS_UNITS | {"eV (a virial, which is −V·stress)": float(np.nanmedian(volumes))}


def _other_order(dft: Floats, eips: dict[str, Floats]) -> str:
    """In which order shear is more like that of an EIP than in ASE's; "" if in none."""
    shear, owner = dft[:, 3:], np.arange(len(dft))
    found = {
        order: closest(shear, {name: said[:, list(places)] for name, said in eips.items()}, owner)
        for order, places in _ORDERS.items()
    }
    order, like = max(found.items(), key=lambda item: abs(item[1].correlation) if item[1] else 0.0)
    if like is None:
        return ""
    usual = likeness(like.source, shear, eips[like.source][:, 3:], owner)
    more = abs(like.correlation) - (abs(usual.correlation) if usual else 0.0)
    return order if more > _MORE_ALIKE else ""


def _by_copies(labelled: LabelledSet) -> str:
    differences, said = strained_copies(labelled)
    like = likeness("their energies", said, differences, np.arange(len(said)))
    if like is None or not like.is_clear:
        return ""
    about = f"{len(said)} pairs of structures that differ in nothing but their cell"
    if not _COPIES[0] < like.scale < _COPIES[1]:
        of_energies = {f"eV/Å³ with energies in {k}": 1 / v for k, v in ENERGY_UNITS.items()}
        named = explaining(like.scale, _units(labelled.volumes) | of_energies, _COPIES)
        unit = f", as in {' or '.join(named)}" if named else ""
        return (
            f"{_KEY} is {like.scale:.3g} times what the energies of {about} give{unit}; eV/Å³ and "
            "eV are expected: convert what is in another unit."
        )
    if like.correlation < 0:
        return (
            f"{_KEY} has the sign of a pressure: {about} have energies that fall where it says "
            f"that they rise. {_CONVENTION} Turn the sign."
        )
    return ""
