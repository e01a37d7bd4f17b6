"""EIP labels in structures: written here, and read by whoever trains on them.

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

import re
from collections.abc import Iterable
from typing import Final

from ase import Atoms

from eippot.conventions import stress_to_ase_voigt
from eippot.eips.base import EIPLabel, Outcome, Status
from eippot.properties import ENERGY, FORCES, STRESS, eip_key
from eippot.structures.io import energy_of, forces_of, stress_of

STATUS: Final = "status"
SOURCE: Final = "source"

_STATUS_KEY: Final = re.compile(re.escape(eip_key("@", STATUS)).replace("@", "(.+)"))


def eip_sources(structures: Iterable[Atoms]) -> dict[str, str]:
    """Which EIPs have labelled these structures: short name → source, in order of appearance.

    An EIP counts also where none of its labels is good; see :func:`label_status`.
    """
    found: dict[str, str] = {}
    for atoms in structures:
        for key in atoms.info:
            match = _STATUS_KEY.fullmatch(key)
            if match and match[1] not in found:
                found[match[1]] = str(atoms.info.get(eip_key(match[1], SOURCE), ""))
    return found


def label_status(atoms: Atoms, eip: str) -> Status | None:
    """How the evaluation of an EIP on a structure ended; None where there was none."""
    value = atoms.info.get(eip_key(eip, STATUS))
    return None if value is None else Status(value)


def read_label(atoms: Atoms, eip: str) -> EIPLabel | None:
    """Label of one EIP on one structure; None where there is no good one."""
    energy = energy_of(atoms, eip_key(eip, ENERGY.name))
    if energy is None:
        return None
    forces = forces_of(atoms, eip_key(eip, FORCES.name))
    return EIPLabel(energy, forces, stress_of(atoms, eip_key(eip, STRESS.name)))


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
    for what in (ENERGY.name, FORCES.name, STRESS.name, STATUS, SOURCE):
        atoms.info.pop(eip_key(eip, what), None)
        atoms.arrays.pop(eip_key(eip, what), None)
    atoms.info[eip_key(eip, STATUS)] = outcome.status.value
    atoms.info[eip_key(eip, SOURCE)] = source
    if (label := outcome.label) is None:
        return
    atoms.info[eip_key(eip, ENERGY.name)] = label.energy
    if label.forces is not None:
        atoms.arrays[eip_key(eip, FORCES.name)] = label.forces
    if label.stress is not None:
        atoms.info[eip_key(eip, STRESS.name)] = stress_to_ase_voigt(label.stress)
