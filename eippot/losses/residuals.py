"""Residuals: prediction minus label, where there is a label."""

from __future__ import annotations

from torch import Tensor

from eippot.processes import per_process
from eippot.properties import ENERGY, Property


def residuals(
    prop: Property, predicted: Tensor, label: Tensor, sizes: Tensor, per_atom: bool
) -> Tensor:
    """Flat list of residuals of one property.

    Parameters
    ----------
    prop
        The property.
    predicted, label
        Same shape, one row per structure or per atom; a label of NaN is missing.
    sizes
        ``(B,)`` number of atoms of each structure.
    per_atom
        Whether energies are divided by the number of atoms.

    Returns
    -------
    Tensor
        ``(k,)`` in the property's unit (energies: per atom if asked for).
    """
    difference = predicted - label
    if prop is ENERGY and per_atom:
        difference = difference / sizes.reshape(-1, *[1] * (difference.dim() - 1))
    return difference[label.isfinite()]


def mean_or_zero(values: Tensor) -> Tensor:
    """Mean of a flat tensor; zero of an empty one, so that a missing label costs nothing.

    Of several processes, each has a part of the values; the mean of what they get is that of all.
    """
    return values.sum() / (per_process(values.numel()) or 1)
