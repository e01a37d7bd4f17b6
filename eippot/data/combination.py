"""The linear combination of EIPs that is closest to DFT, in energies and forces.

E_DFT ≈ Σ_p w_p·E_p + Σ_s n_s·b_s, and the same weights w combine forces and stress, so that
labels are those of one potential. Absolute deviations are minimized (by reweighted least squares),
since on some structures every EIP fails; a penalty draws the weights towards the plain mean, 1/P
each, as strongly as cross-validation on the DFT-labelled structures finds best (stacked
regressions: L. Breiman, Machine Learning 24, 49, 1996).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from ase import Atoms
from pydantic import BaseModel, ConfigDict, model_validator

from eippot.data.sources import eip_energies, reference_energies_of
from eippot.errors import DataError
from eippot.graphs.references import composition, sizes_of
from eippot.properties import ENERGY, FORCES, STRESS, Property, eip_key, reference_key
from eippot.structures.io import forces_of, stress_of

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: weight of a force component [eV/Å] relative to an energy per atom [eV].
_FORCES_WEIGHT: Final = 0.3
#: penalties that cross-validation chooses from, relative to the mean curvature of the fit.
_PENALTIES: Final = tuple(10.0**k for k in range(-6, 2))
_FOLDS: Final = 5
#: deviations from DFT beyond this multiple of their median are absurd.
_WILD: Final = 100.0
#: iterations of reweighting, and residuals below which the weight of a row stops growing.
_ITERATIONS: Final = 20
_SMALLEST: Final = {ENERGY: 5e-3, FORCES: 3e-2}


class Combination(BaseModel):
    """A fitted combination of EIPs.

    Attributes
    ----------
    sources
        Names of the EIPs.
    weights
        Weight of each.
    species
        Chemical symbols, in the order of ``offsets``.
    offsets
        b_s [eV] of each species.
    penalty
        Strength of the pull towards equal weights, as chosen by cross-validation.
    energy_error
        Mean absolute error of energies in this cross-validation [eV/atom].
    jackknife
        Weights and offsets of fits that leave out a part of the structures each.
    origins
        Where EIPs come from, as in ``kim:MODEL``; of those whose labels say it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sources: tuple[str, ...]
    weights: tuple[float, ...]
    species: tuple[str, ...]
    offsets: tuple[float, ...]
    penalty: float
    energy_error: float
    jackknife: tuple[tuple[float, ...], ...]
    origins: dict[str, str] = {}

    @model_validator(mode="after")
    def _fits_together(self) -> Combination:
        n_numbers = len(self.sources) + len(self.species)
        fits = (*self.weights, *self.offsets), *self.jackknife
        if len(self.weights) != len(self.sources) or any(len(fit) != n_numbers for fit in fits):
            raise ValueError("expected a weight of each EIP and an offset of each species")
        return self

    def energies(self, structures: Sequence[Atoms]) -> Floats:
        """Energies ``(structures,)`` [eV]; NaN where an EIP has no label."""
        found: Floats = self._design(structures) @ np.array([*self.weights, *self.offsets])
        return found

    def deviations(self, structures: Sequence[Atoms]) -> Floats:
        """Standard deviations ``(structures,)`` [eV] of the energies, by the jackknife."""
        others = self._design(structures) @ np.array(self.jackknife).T
        found: Floats = others.std(axis=1) * (len(self.jackknife) - 1) ** 0.5
        return found

    def _design(self, structures: Sequence[Atoms]) -> Floats:
        return _design(structures, self.sources, self.species)

    def derivatives(self, atoms: Atoms) -> Mapping[Property, Floats]:
        """Forces ``(n, 3)`` [eV/Å] and stress ``(3, 3)`` [eV/Å³], where all EIPs have them."""
        found: dict[Property, Floats] = {}
        for prop, read in ((FORCES, forces_of), (STRESS, stress_of)):
            labels = _all([read(atoms, eip_key(name, prop.name)) for name in self.sources])
            if labels is not None:
                found[prop] = np.tensordot(self.weights, labels, axes=1)
        return found


def fit_combination(
    structures: Sequence[Atoms], names: Sequence[str], species: Sequence[str]
) -> Combination:
    """Fit the combination of P EIPs to DFT-labelled structures.

    Parameters
    ----------
    structures
        With DFT energies, with or without forces, and labels of the EIPs.
    names
        Names of the EIPs.
    species
        Chemical symbols.

    Raises
    ------
    DataError
        Fewer structures than weights have a label of every EIP.
    """
    rows = _Rows.of(structures, names, species)
    needed = max(len(names) + len(species), _FOLDS)
    if len(rows.reference) < needed:
        raise DataError(
            f"Expected at least {needed} structures with a DFT energy and a label of each of "
            f"{', '.join(names)}, got {len(rows.reference)}.",
            "Label more structures, or leave out EIPs that fail on many (`eips`).",
        )
    order = np.random.default_rng(0).permutation(len(rows.reference))
    folds = np.array_split(order, _FOLDS)
    penalty = min(_PENALTIES, key=lambda penalty: _validated(rows, folds, penalty))
    solution, left_out = rows.fit(penalty), list(_left_out(rows, folds, penalty))
    return Combination(
        sources=tuple(names),
        weights=tuple(map(float, solution[: len(names)])),
        species=tuple(species),
        offsets=tuple(map(float, solution[len(names) :])),
        penalty=penalty,
        energy_error=float(np.mean([out.energy_error(fit) for fit, out in left_out])),
        jackknife=tuple(tuple(map(float, fit)) for fit, _ in left_out),
        origins=_origins(structures, names),
    )


def _origins(structures: Sequence[Atoms], names: Sequence[str]) -> dict[str, str]:
    keys = {name: eip_key(name, "source") for name in names}
    told = {name: [a.info[key] for a in structures if key in a.info] for name, key in keys.items()}
    return {name: sources[0] for name, sources in told.items() if sources}


def _design(structures: Sequence[Atoms], names: Sequence[str], species: Sequence[str]) -> Floats:
    """Energies of EIPs, numbers of atoms of each species ``(structures, P + S)``."""
    counts = composition(structures, species).reshape(len(structures), len(species))
    return np.hstack([eip_energies(structures, names), counts])


def _validated(rows: _Rows, folds: Sequence[Indices], penalty: float) -> float:
    """Mean error on the parts that a fit leaves out."""
    return float(np.mean([out.error(fit) for fit, out in _left_out(rows, folds, penalty)]))


def _left_out(
    rows: _Rows, folds: Sequence[Indices], penalty: float
) -> Iterator[tuple[Floats, _Rows]]:
    """Fits without a part of the structures each, and this part."""
    for fold in folds:
        others = np.setdiff1d(np.arange(len(rows.reference)), fold)
        yield rows.subset(others).fit(penalty), rows.subset(fold)


def _is_tame(deviations: Floats) -> npt.NDArray[np.bool_]:
    """Structures ``(m,)`` of which no EIP says something absurd, by deviations ``(m, P)``."""
    shifted = np.abs(deviations - np.nanmedian(deviations, axis=0))
    absurd = shifted > _WILD * np.nanmedian(shifted, axis=0) + _SMALLEST[ENERGY]
    return np.asarray(~absurd.any(axis=1))


def _forces(atoms: Atoms, names: Sequence[str]) -> Floats:
    """Forces ``(3n, 1 + P)`` of DFT and the EIPs [eV/Å]; no row if one has none."""
    keys = [reference_key(FORCES), *(eip_key(name, FORCES.name) for name in names)]
    labels = _all([forces_of(atoms, key) for key in keys])
    return np.zeros((0, len(keys))) if labels is None else labels.reshape(len(keys), -1).T


def _all(labels: Sequence[Floats | None]) -> Floats | None:
    """Labels of one shape in one array; None if one is missing."""
    known = [label for label in labels if label is not None]
    return np.stack(known) if len(known) == len(labels) else None


class _Rows(NamedTuple):
    """Equations of m structures in P weights and S offsets.

    Attributes
    ----------
    energies, reference
        ``(m, P + S)`` and ``(m,)`` energies per atom [eV].
    forces, reference_forces
        ``(k, P)`` and ``(k,)`` for each structure, k = 3n, or 0 without forces [eV/Å].
    """

    energies: Floats
    reference: Floats
    forces: list[Floats]
    reference_forces: list[Floats]

    @classmethod
    def of(cls, structures: Sequence[Atoms], names: Sequence[str], species: Sequence[str]) -> _Rows:
        """Of the structures that have all energies."""
        sizes = sizes_of(structures)
        energies = _design(structures, names, species) / sizes[:, None]
        reference = reference_energies_of(structures) / sizes
        complete = np.isfinite(energies).all(axis=1) & np.isfinite(reference)
        complete &= _is_tame(energies[:, : len(names)] - reference[:, None])
        forces = [_forces(atoms, names) for atoms in structures]
        far = [np.abs(f[:, 1:] - f[:, :1]).sum(axis=0) / max(len(f), 1) for f in forces]
        complete &= _is_tame(np.array(far))
        kept = np.flatnonzero(complete).tolist()
        return cls(
            energies[complete],
            reference[complete],
            [forces[i][:, 1:] for i in kept],
            [forces[i][:, 0] for i in kept],
        )

    def subset(self, chosen: Indices) -> _Rows:
        """The equations of some structures."""
        return _Rows(
            self.energies[chosen],
            self.reference[chosen],
            [self.forces[i] for i in chosen],
            [self.reference_forces[i] for i in chosen],
        )

    def fit(self, penalty: float) -> Floats:
        """Weights and offsets ``(P + S,)``."""
        n_weights, n_unknowns = self.forces[0].shape[1], self.energies.shape[1]
        forces, labels = np.concatenate(self.forces), np.concatenate(self.reference_forces)
        forces = np.hstack([forces, np.zeros((len(forces), n_unknowns - n_weights))])
        blocks = [(self.energies, self.reference, _SMALLEST[ENERGY], 1.0)]
        if len(labels):
            blocks.append((forces, labels, _SMALLEST[FORCES], _FORCES_WEIGHT))
        drawn = np.diag(np.arange(n_unknowns) < n_weights).astype(float)
        equal = np.where(np.arange(n_unknowns) < n_weights, 1.0 / n_weights, 0.0)
        solution: Floats | None = None
        for _ in range(_ITERATIONS):
            normal, right = np.zeros((n_unknowns, n_unknowns)), np.zeros(n_unknowns)
            for design, label, smallest, weight in blocks:
                residuals = np.ones(len(label)) if solution is None else design @ solution - label
                scaled = design.T * (weight / len(label) / np.maximum(abs(residuals), smallest))
                normal += scaled @ design
                right += scaled @ label
            pull = penalty * normal.diagonal()[:n_weights].mean() * drawn
            solution = np.linalg.lstsq(normal + pull, right + pull @ equal, rcond=None)[0]
        assert solution is not None
        return solution

    def energy_error(self, solution: Floats) -> float:
        """Mean absolute error of energies [eV/atom]."""
        return float(np.abs(self.energies @ solution - self.reference).mean())

    def error(self, solution: Floats) -> float:
        """Mean absolute error of energies and forces, weighed as in the fit."""
        error = self.energy_error(solution)
        forces, labels = np.concatenate(self.forces), np.concatenate(self.reference_forces)
        if len(labels):
            predicted = forces @ solution[: forces.shape[1]]
            error += _FORCES_WEIGHT * float(np.abs(predicted - labels).mean())
        return error
