"""A potential beside DFT: parity, errors by kind of structure, and where it is wrong most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from ase import Atoms
from matplotlib.axes import Axes

from eippot.deployment.exported import Metadata, OpenedModel
from eippot.deployment.parity import (
    Kind,
    draw_parity,
    kinds_of,
    labelled_properties,
    mean_error,
)
from eippot.deployment.predictions import (
    Comparison,
    ErrorRow,
    compare,
    error_table,
    spread_correlation,
)
from eippot.properties import ENERGY, FORCES, Property
from eippot.reporting.plots import Panel, draw
from eippot.units import MEV_PER_EV

#: structures with the largest errors that are shown.
_OUTLIERS: Final = 10
_SQUARE: Final = (3.3, 2.9)


@dataclass(frozen=True)
class Outlier:
    """A structure whose energy is predicted badly.

    Attributes
    ----------
    index
        In its file, from 0.
    formula
        Chemical formula.
    config_type
        Kind of structure.
    reference, predicted
        Energies [eV/atom].
    error
        Their difference [meV/atom].
    forces_error
        Mean absolute error of force components [meV/Å]; None without labels.
    """

    index: int
    formula: str
    config_type: str
    reference: float
    predicted: float
    error: float
    forces_error: float | None


@dataclass(frozen=True)
class Accuracy:
    """What a page shows of a potential on some structures.

    Attributes
    ----------
    title
        Which structures these are.
    source
        Where they stand.
    count
        How many.
    panels
        Parity plots.
    properties
        What has labels.
    rows
        Errors by kind of structure; the last row is over all.
    colors
        Color of each kind in the plots; rare ones share one.
    outliers
        Largest errors of energies, the largest one first.
    spread_correlation
        Of a committee: see spread_correlation.
    """

    title: str
    source: str
    count: int
    panels: list[Panel]
    properties: list[Property]
    rows: list[ErrorRow]
    colors: dict[str, str]
    outliers: list[Outlier]
    spread_correlation: tuple[Property, float] | None


def accuracy(
    title: str,
    source: str,
    structures: Mapping[int, Atoms],
    model: OpenedModel,
    metadata: Metadata,
) -> Accuracy:
    """Evaluate a model on structures, as ``eippot evaluate`` does.

    Parameters
    ----------
    title, source
        See Accuracy.
    structures
        With a DFT energy each, by their index in their file.
    model, metadata
        The potential.

    Raises
    ------
    DataError
        A structure holds an element that the model does not know.
    """
    comparisons = [compare(model, metadata, atoms) for atoms in structures.values()]
    kinds = kinds_of(comparisons)
    shown = labelled_properties(comparisons)
    return Accuracy(
        title,
        source,
        len(comparisons),
        [_panel(title, comparisons, kinds, prop) for prop in shown],
        shown,
        error_table(comparisons),
        {c.config_type: kind.color for kind in kinds for c in kind.members},
        _outliers(structures, comparisons),
        spread_correlation(comparisons),
    )


def _panel(
    of: str, comparisons: Sequence[Comparison], kinds: Sequence[Kind], prop: Property
) -> Panel:
    names = {ENERGY: "Energy", FORCES: "Force components"}
    title = names.get(prop, f"{prop.name.capitalize()} components")
    svg = draw(
        f"{of}: {title.lower()}, predicted and DFT",
        partial(_paint, kinds=kinds, prop=prop),
        _SQUARE,
    )
    return Panel(title, f"MAE {mean_error(comparisons, prop)}", svg, {})


def _paint(axis: Axes, kinds: Sequence[Kind], prop: Property) -> None:
    draw_parity(axis, kinds, prop)
    axis.locator_params(nbins=5)


def _outliers(structures: Mapping[int, Atoms], comparisons: Sequence[Comparison]) -> list[Outlier]:
    """Structures with the largest errors of energies per atom."""
    found = []
    for (index, atoms), c in zip(structures.items(), comparisons, strict=True):
        reference, predicted = float(c.reference[ENERGY][0]), float(c.predicted[ENERGY][0])
        forces = None
        if FORCES in c.reference:
            off = np.abs(c.predicted[FORCES] - c.reference[FORCES])
            forces = MEV_PER_EV * float(off.mean())
        found.append(
            Outlier(
                index,
                atoms.get_chemical_formula(),
                c.config_type,
                reference,
                predicted,
                MEV_PER_EV * (predicted - reference),
                forces,
            )
        )
    return sorted(found, key=lambda outlier: -abs(outlier.error))[:_OUTLIERS]
