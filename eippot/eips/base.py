"""What an empirical interatomic potential (EIP) is here, and what can come of asking it.

========== ============ ======= ==============================================
quantity   shape        unit    remark
========== ============ ======= ==============================================
energy     ``()``       eV      total, with the EIP's own zero
forces     ``(n, 3)``   eV/Å    None where the EIP gives none
stress     ``(3, 3)``   eV/Å³   dE/dε/V; None unless periodic in 3 directions
========== ============ ======= ==============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from ase import Atoms

from eippot.conventions import Array


class Status(str, Enum):
    """How the evaluation of one EIP on one structure ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNSUPPORTED_SPECIES = "unsupported species"
    NOT_FINITE = "not finite"
    OUT_OF_RANGE = "out of range"


@dataclass(frozen=True)
class EIPLabel:
    """What an EIP says of one structure; shapes and units as in the table of this module."""

    energy: float
    forces: Array | None = None
    stress: Array | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of asking one EIP about one structure.

    Parameters
    ----------
    status
        How it ended.
    reason
        Why it is not ``ok``, for a person; empty where it is.
    label
        The label; None unless the status is ``ok``.
    seconds
        Wall time of the evaluation [s]; None where it was not tried.
    """

    status: Status
    reason: str = ""
    label: EIPLabel | None = None
    seconds: float | None = None


class EmpiricalPotential(Protocol):
    """The contract of every label source; one object serves any number of structures.

    A potential sees species, positions, cell and periodicity, and nothing else of a structure.
    """

    @property
    def supported_species(self) -> frozenset[str] | None:
        """Chemical symbols that the EIP knows; None where it does not say."""

    def evaluate(self, atoms: Atoms, derivatives: bool = True) -> EIPLabel:
        """Energy, forces and stress of one structure.

        Parameters
        ----------
        atoms
            Any cell and periodicity; cells may be smaller than the cutoff.
        derivatives
            Whether forces and stress are wanted too.

        Raises
        ------
        EIPError
            The EIP refuses the structure. Anything else it raises counts as a failure as well.
        """


@dataclass(frozen=True)
class Limits:
    """Outside of these a label is out of range: the EIP is far from where it means anything.

    Parameters
    ----------
    max_energy
        Largest |energy − energy of the isolated atoms| per atom [eV].
    max_force
        Largest length of the force on an atom [eV/Å].
    """

    max_energy: float = 100.0
    max_force: float = 1000.0

    def judge(self, label: EIPLabel, isolated_energy: float, n_atoms: int) -> tuple[Status, str]:
        """Decide whether a label is finite and in range.

        Parameters
        ----------
        label
            What the EIP said.
        isolated_energy
            Sum of the EIP's own energies of the isolated atoms [eV].
        n_atoms
            Number of atoms.

        Returns
        -------
        tuple of Status and str
            The status, and the reason where it is not ``ok``.
        """
        values = (label.energy, label.forces, label.stress)
        if not all(np.isfinite(v).all() for v in values if v is not None):
            return Status.NOT_FINITE, "energy, forces or stress are not finite"
        energy = (label.energy - isolated_energy) / n_atoms
        if abs(energy) > self.max_energy:
            return Status.OUT_OF_RANGE, (
                f"energy {energy:.6g} eV/atom beyond ±{self.max_energy:g} of isolated atoms"
            )
        force = 0.0 if label.forces is None else float(np.linalg.norm(label.forces, axis=1).max())
        if force > self.max_force:
            return Status.OUT_OF_RANGE, f"force {force:.6g} eV/Å beyond {self.max_force:g}"
        return Status.OK, ""
