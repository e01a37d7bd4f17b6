"""Every quantity once: its name, its level, its shape, its unit and its symmetry.

Readers, batches, losses, metrics and reports take keys, shapes, units and order from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from eippot import units

Level = Literal["structure", "atom"]
#: labels that another name can be given for; a virial stands for a stress.
LabelName = Literal["energy", "forces", "stress", "virial"]
Symmetry = Literal["scalar", "vector", "symmetric tensor"]


@dataclass(frozen=True)
class Property:
    """One physical quantity.

    Parameters
    ----------
    name
        Key of the property in code, e.g. ``"forces"``.
    level
        Whether there is one value per structure or per atom.
    shape
        Shape of one value: ``()`` for an energy, ``(3,)`` for a force.
    unit
        Unit of the value.
    symmetry
        How the value turns under a rotation of the structure.
    """

    name: str
    level: Level
    shape: tuple[int, ...]
    unit: str
    symmetry: Symmetry


ENERGY: Final = Property("energy", "structure", (), units.ENERGY, "scalar")
FORCES: Final = Property("forces", "atom", (3,), units.FORCE, "vector")
STRESS: Final = Property("stress", "structure", (3, 3), units.STRESS, "symmetric tensor")

#: the properties that a label source (DFT, EIP) can give, in the order in which they are shown.
LABELS: Final = (ENERGY, FORCES, STRESS)

#: prefixes of the keys under which labels stand in a structure file.
REFERENCE_PREFIX: Final = "REF_"
WEAK_PREFIX: Final = "weak_"


def reference_key(prop: Property) -> str:
    """Key of a reference (DFT) label in a structure file, e.g. ``REF_energy``."""
    return REFERENCE_PREFIX + prop.name


def weak_key(prop: Property) -> str:
    """Key of a weak label (from the chosen EIP) in a structure file, e.g. ``weak_energy``."""
    return WEAK_PREFIX + prop.name


def eip_key(eip: str, what: str) -> str:
    """Key of something that an EIP says of a structure, e.g. ``eip_sw_energy``.

    Parameters
    ----------
    eip
        The user's short name of the EIP.
    what
        A property name, or ``"status"``.
    """
    return f"eip_{eip}_{what}"


def error_unit(metric: str) -> str:
    """Unit in which an error is shown, by the name of its metric.

    Parameters
    ----------
    metric
        Quantity, statistic, normalization: ``energy_mae_per_atom`` has meV/atom. What is no error
        of a label, as ``score``, has "".
    """
    for prop in LABELS:
        if metric.startswith(f"{prop.name}_"):
            return f"m{prop.unit}" + ("/atom" if metric.endswith("_per_atom") else "")
    return ""
