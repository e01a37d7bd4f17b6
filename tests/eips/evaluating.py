"""EIPs asked about structures as ASE has them."""

from __future__ import annotations

from ase import Atoms

from eippot.eips.base import EIPLabel, EmpiricalPotential
from eippot.eips.frame import Frame


def evaluate(potential: EmpiricalPotential, atoms: Atoms, derivatives: bool = True) -> EIPLabel:
    evaluation = potential.prepare([Frame.from_atoms(atoms)], derivatives)
    evaluation.compute(0)
    [label] = evaluation.labels()
    assert label is not None
    return label
