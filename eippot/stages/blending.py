"""A blend: what several stacks and networks say, each with the share that lowers errors most.

Teachers err in different ways: one that sees EIPs alone is off where they are, a network that knows
its DFT labels by heart elsewhere. A convex combination of them is better than each (stacked
regressions: L. Breiman, Machine Learning 24, 49, 1996). Energies have shares of their own, since
some members know nothing of forces and stress. Where DFT tells nothing of forces either, shares of
these go by energies, among the members that know them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ase import Atoms
from scipy.optimize import linprog

from eippot.data.sources import reference_energies_of
from eippot.errors import DataError
from eippot.graphs.references import sizes_of
from eippot.properties import FORCES, STRESS, Property, reference_key
from eippot.stages.stacks import FittedStack, StackLabels
from eippot.structures.io import forces_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """How much one member counts.

    Attributes
    ----------
    energy, derivatives
        Shares of energies, and of forces and stress; those of all members add up to 1.
    energy_error, forces_error
        Mean absolute errors of its own [eV/atom, eV/Å]; None for forces that it does not know.
    """

    energy: float
    derivatives: float
    energy_error: float
    forces_error: float | None


@dataclass(frozen=True)
class Blend:
    """A stack made of others.

    Attributes
    ----------
    members
        The others.
    shares
        Of each.
    """

    members: Mapping[str, FittedStack]
    shares: Mapping[str, Share]

    def __call__(self, structures: Sequence[Atoms]) -> StackLabels:
        """Labels; where members differ, the standard deviation is large."""
        chosen = [name for name, s in self.shares.items() if s.energy or s.derivatives]
        said = {name: self.members[name](structures) for name in chosen}
        weights = np.array([self.shares[name].energy for name in chosen])
        energies = np.array([said[name].energies for name in chosen])
        mean = weights @ energies
        spread = np.sqrt(weights @ (energies - mean) ** 2) / sizes_of(structures)
        known = [name for name in chosen if self.shares[name].derivatives]
        derivatives = [
            _blended([(self.shares[name].derivatives, said[name].derivatives[i]) for name in known])
            for i in range(len(structures))
        ]
        return StackLabels(mean, spread, derivatives)


def blend(members: Mapping[str, FittedStack], structures: Sequence[Atoms]) -> Blend:
    """Find the shares with the least mean absolute deviation from DFT.

    Parameters
    ----------
    members
        What is fitted, or trained, already.
    structures
        DFT-labelled ones which no member was fitted to.

    Raises
    ------
    DataError
        There are none.
    """
    if not structures:
        raise DataError(
            "Expected DFT-labelled structures for validation, which tell the shares of a blend; "
            "got none.",
            "Give a share of them (`data.validation`), or a file (`data.validation_structures`).",
        )
    said = {name: member(structures) for name, member in members.items()}
    reference, sizes = reference_energies_of(structures), sizes_of(structures)
    energies = {name: (labels.energies - reference) / sizes for name, labels in said.items()}
    forces = {name: _off_forces(structures, labels) for name, labels in said.items()}
    known = {name: off for name, off in forces.items() if off is not None and len(off)}
    energy = _shares(energies)
    derivatives = _shares(known or {name: energies[name] for name in _with_forces(said)})
    errors = {name: float(np.abs(off).mean()) for name, off in known.items()}
    return Blend(
        members,
        {
            name: Share(
                energy[name],
                derivatives.get(name, 0.0),
                float(np.abs(energies[name]).mean()),
                errors.get(name),
            )
            for name in members
        },
    )


def _with_forces(said: Mapping[str, StackLabels]) -> list[str]:
    """Members that know forces of every structure."""
    return [
        name for name, labels in said.items() if all(FORCES in one for one in labels.derivatives)
    ]


def _off_forces(structures: Sequence[Atoms], labels: StackLabels) -> Floats | None:
    """Deviations of force components; None if forces are not known of every structure."""
    off = []
    for atoms, said in zip(structures, labels.derivatives, strict=True):
        reference = forces_of(atoms, reference_key(FORCES))
        if reference is not None and FORCES not in said:
            return None
        if reference is not None:
            off.append((said[FORCES] - reference).ravel())
    return np.concatenate(off) if off else np.zeros(0)


def _shares(off: Mapping[str, Floats]) -> dict[str, float]:
    """Shares ≥ 0 that add up to 1, with the least Σ|D·w|, by deviations D of each member.

    A linear program. Its dual has one row for each member alone: it looks for signs |y| ≤ 1 for
    which the smallest of Dᵀy is largest, and shares are the prices of these rows.
    """
    if not off:
        return {}
    deviations = np.array(list(off.values()))
    members, rows = deviations.shape
    smallest = linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.hstack([-deviations, np.ones((members, 1))]),
        b_ub=np.zeros(members),
        bounds=[*[(-1.0, 1.0)] * rows, (None, None)],
    )
    return dict(zip(off, (-smallest.ineqlin.marginals).tolist(), strict=True))


def _blended(
    parts: Sequence[tuple[float, Mapping[Property, Floats]]],
) -> Mapping[Property, Floats]:
    """Forces and stress, as far as all members know them."""
    return {
        prop: np.sum([share * known[prop] for share, known in parts], axis=0)
        for prop in (FORCES, STRESS)
        if parts and all(prop in known for _, known in parts)
    }
