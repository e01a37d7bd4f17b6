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

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

import numpy as np

from eippot.conventions import Array
from eippot.eips.frame import Frame


class Status(str, Enum):
    """How the evaluation of one EIP on one structure ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNSUPPORTED_SPECIES = "unsupported species"
    NOT_FINITE = "not finite"
    OUT_OF_RANGE = "out of range"


class EIPLabel(NamedTuple):
    """What an EIP says of one structure; shapes and units as in the table of this module."""

    energy: float
    forces: Array | None = None
    stress: Array | None = None


class Outcome(NamedTuple):
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


class Evaluation(Protocol):
    """Structures that an EIP is asked about together."""

    def compute(self, index: int) -> None:
        """Let the EIP itself do its work for one structure: here it may raise, hang or crash.

        Raises
        ------
        EIPError
            The EIP refuses the structure. Anything else it raises counts as a failure as well.
        """

    def labels(self) -> list[EIPLabel | None]:
        """Labels of all structures; None where the EIP did not do its work."""


class EmpiricalPotential(Protocol):
    """The contract of every label source; one object serves any number of structures.

    A potential sees species, positions, cell and periodicity, and nothing else of a structure.
    """

    @property
    def supported_species(self) -> frozenset[str] | None:
        """Chemical symbols that the EIP knows; None where it does not say."""

    def prepare(self, frames: Sequence[Frame], derivatives: bool = True) -> Evaluation:
        """Get ready to evaluate structures, without foreign code.

        Parameters
        ----------
        frames
            Any cells and periodicity; cells may be smaller than the cutoff.
        derivatives
            Whether forces and stress are wanted too.
        """


class OneByOne:
    """An :class:`Evaluation` for EIPs that gain nothing from several structures at once.

    Parameters
    ----------
    evaluate
        Label of one structure.
    frames
        The structures.
    """

    def __init__(self, evaluate: Callable[[Frame], EIPLabel], frames: Sequence[Frame]) -> None:
        self._evaluate = evaluate
        self._frames = frames
        self._labels: list[EIPLabel | None] = [None] * len(frames)

    def compute(self, index: int) -> None:
        """Evaluate one structure."""
        self._labels[index] = self._evaluate(self._frames[index])

    def labels(self) -> list[EIPLabel | None]:
        """Labels of all structures; None where there is none."""
        return self._labels


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
        energy, forces, stress = label
        arrays = [array for array in (forces, stress) if array is not None]
        length = math.sqrt(sum(np.vdot(array, array) for array in arrays))  # of all their numbers
        if not math.isfinite(energy + length) and not all(
            np.isfinite(part).all() for part in (np.array(energy), *arrays)
        ):
            return Status.NOT_FINITE, "energy, forces or stress are not finite"
        energy = (energy - isolated_energy) / n_atoms
        if abs(energy) > self.max_energy:
            return Status.OUT_OF_RANGE, (
                f"energy {energy:.6g} eV/atom beyond ±{self.max_energy:g} of isolated atoms"
            )
        if forces is not None and length > self.max_force:
            force = float(np.linalg.norm(forces, axis=1).max())
            if force > self.max_force:
                return Status.OUT_OF_RANGE, f"force {force:.6g} eV/Å beyond {self.max_force:g}"
        return Status.OK, ""
