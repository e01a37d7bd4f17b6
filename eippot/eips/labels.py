"""The labels of EIPs in structures, as ``eippot label`` writes them.

=============================  ==========  ==============================================
key                            where       content
=============================  ==========  ==============================================
``eip_<name>_status``          info        a :class:`~eippot.eips.base.Status`, always
``eip_<name>_source``          info        where the EIP comes from, always
``eip_<name>_energy``          info        eV; only where the status is ``ok``
``eip_<name>_forces``          arrays      ``(n, 3)`` eV/Å; only where ok and given
``eip_<name>_stress``          info        6 components in ASE's order, eV/Å³; likewise
=============================  ==========  ==============================================
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ase import Atoms

from eippot.conventions import stress_to_ase_voigt
from eippot.eips.base import Outcome
from eippot.properties import ENERGY, FORCES, STRESS, eip_key

STATUS: Final = "status"
SOURCE: Final = "source"
_WRITTEN: Final = (ENERGY.name, FORCES.name, STRESS.name, STATUS, SOURCE)


def write_label(atoms: Atoms, eip: str, source: str, outcome: Outcome) -> None:
    """Write what came of one EIP into a structure, in place of what it said before.

    Parameters
    ----------
    atoms
        Changed in place.
    eip
        Short name of the EIP.
    source
        Where it comes from.
    outcome
        Its label is written if there is one; its status always.
    """
    keys = energy, forces, stress, status, from_where = _keys(eip)
    for key in keys:
        atoms.info.pop(key, None)
        atoms.arrays.pop(key, None)
    atoms.info[status] = outcome.status.value
    atoms.info[from_where] = source
    if (label := outcome.label) is None:
        return
    atoms.info[energy] = label.energy
    if label.forces is not None:
        atoms.arrays[forces] = label.forces
    if label.stress is not None:
        atoms.info[stress] = stress_to_ase_voigt(label.stress)


@cache
def _keys(eip: str) -> tuple[str, ...]:
    return tuple(eip_key(eip, what) for what in _WRITTEN)
