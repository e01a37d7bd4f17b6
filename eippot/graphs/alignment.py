"""Alignment: maps the energies of a label source onto the scale of the DFT energies.

An EIP has its own zero and its own cohesive energy, some even a scale of their own. Per source p,
per-element offsets b (and a slope a, for ``affine``) are fitted on DFT-labelled structures,
E_DFT ≈ a·E_p + Σ_s n_s·b_s, per atom and robustly, so that a few structures on which an EIP fails
do not shift all others. Shui et al. (NeurIPS 2022) align nothing: ``none``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from eippot.config.stages import AlignmentKind
from eippot.errors import DataError

#: iterations of reweighting towards least absolute deviations, and the residual [eV/atom] below
#: which the weight stops growing.
_ITERATIONS = 50
_SMALLEST_RESIDUAL = 1e-3

#: deviations beyond this multiple of their median say nothing about a slope.
_WILD = 10.0


class Alignment(BaseModel):
    """Fitted map from a source's energies to the DFT scale: a·E + Σ_s n_s·b_s.

    Attributes
    ----------
    source
        Name of the EIP.
    species
        Chemical symbols, in the order of ``offsets``.
    slope
        a; 1 unless fitted.
    offsets
        b_s [eV] of each species.
    mae_per_atom
        Mean absolute error on the fitted structures after alignment [eV/atom]; NaN if not fitted.
    count
        Number of fitted structures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    source: str
    species: tuple[str, ...]
    slope: float = 1.0
    offsets: tuple[float, ...]
    mae_per_atom: float = float("nan")
    count: int = 0

    def energy(self, energy: float, composition: npt.NDArray[np.float64]) -> float:
        """Aligned energy [eV] of a structure with ``composition`` (atoms of each species)."""
        return float(self.slope * energy + composition @ np.array(self.offsets))


def fit_alignment(
    source: str,
    kind: AlignmentKind,
    species: Sequence[str],
    energies: npt.NDArray[np.float64],
    reference: npt.NDArray[np.float64],
    compositions: npt.NDArray[np.float64],
) -> Alignment:
    """Fit the alignment of one source.

    Parameters
    ----------
    source
        Name of the EIP.
    kind
        ``none`` (identity), ``offset`` or ``affine``.
    species
        Chemical symbols, S of them.
    energies
        ``(m,)`` energies of the source [eV]; NaN where it has none.
    reference
        ``(m,)`` DFT energies of the same structures [eV].
    compositions
        ``(m, S)`` atoms of each species.

    Raises
    ------
    DataError
        Too few structures have both energies.
    """
    if kind == "none":
        return Alignment(source=source, species=tuple(species), offsets=(0.0,) * len(species))
    both = np.isfinite(energies) & np.isfinite(reference)
    needed = len(species) + (2 if kind == "affine" else 1)
    if both.sum() < needed:
        raise DataError(
            f"Expected at least {needed} structures with both a DFT and a `{source}` energy to "
            f"align `{source}`, got {int(both.sum())}.",
            "Label more structures, leave this EIP out, or set `alignment: none`.",
        )
    sizes = compositions[both].sum(axis=1)
    per_atom = compositions[both] / sizes[:, None]
    x, y = energies[both] / sizes, reference[both] / sizes
    slope, offsets = 1.0, _least_absolute_deviations(per_atom, y - x)
    if kind == "affine":
        slope, offsets = _fit_slope(x, y, per_atom, np.abs(x + per_atom @ offsets - y))
    residual = slope * x + per_atom @ offsets - y
    return Alignment(
        source=source,
        species=tuple(species),
        slope=float(slope),
        offsets=tuple(float(b) for b in offsets),
        mae_per_atom=float(np.abs(residual).mean()),
        count=int(both.sum()),
    )


def _fit_slope(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    per_atom: npt.NDArray[np.float64],
    deviations: npt.NDArray[np.float64],
) -> tuple[float, npt.NDArray[np.float64]]:
    """Slope and offsets; energies x that deviate wildly without a slope would draw it to them."""
    kept = deviations <= _WILD * max(float(np.median(deviations)), _SMALLEST_RESIDUAL)
    design = np.column_stack([x, per_atom])[kept]
    solution = _least_absolute_deviations(design, y[kept])
    return float(solution[0]), solution[1:]


def _least_absolute_deviations(
    design: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Minimize Σ|design·x − target| by iteratively reweighted least squares."""
    weights = np.ones(len(target))
    solution: npt.NDArray[np.floating] = np.zeros(design.shape[1])
    for _ in range(_ITERATIONS):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0]
        residual = np.abs(design @ solution - target)
        weights = 1.0 / np.maximum(residual, _SMALLEST_RESIDUAL)
    return np.asarray(solution, dtype=np.float64)
