"""Warnings where atoms are not to be trusted."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from eippot.deployment.exported import Metadata
from eippot.errors import ConfigError, ExtrapolationWarning, ModelError

GRADE: Final = "extrapolation_grade"
FORCE_SPREAD: Final = "forces_std"
_UNITS: Final = {GRADE: "", FORCE_SPREAD: " eV/Å"}


class Alarms:
    """Warns once when an atom gets above a limit, and again after all atoms were below.

    Parameters
    ----------
    limits
        By property: ``extrapolation_grade``, or ``forces_std`` [eV/Å], of which the norm over
        components counts.
    metadata
        Of the model that they are for.

    Raises
    ------
    ConfigError
        There are no warnings of such a property.
    ModelError
        The model does not have it.
    """

    def __init__(self, limits: Mapping[str, float], metadata: Metadata) -> None:
        if unknown := set(limits) - set(_UNITS):
            raise ConfigError(
                f"Expected limits of {' or '.join(_UNITS)} to warn above, got one of "
                f"{', '.join(sorted(unknown))}."
            )
        if GRADE in limits and not metadata.training_neighborhoods:
            raise ModelError(
                "Expected a model with an extrapolation grade to warn of, got one without.",
                "Runs of earlier versions have none: train and export it again. Files that are "
                "compiled (.pt2) never have one.",
            )
        if FORCE_SPREAD in limits and metadata.n_members == 1:
            raise ModelError(
                f"Expected a committee for a limit of {FORCE_SPREAD}, got a single model.",
                f"Set a limit of {GRADE}.",
            )
        self.properties = frozenset(limits)
        self._limits = dict(limits)
        self._above: frozenset[str] = frozenset()

    def __call__(self, results: Mapping[str, Any]) -> None:
        """Look at the results of one structure, which have all properties that there are limits of.

        Warnings are :class:`ExtrapolationWarning`.
        """
        above = set()
        for name, limit in self._limits.items():
            values = results[name]
            of_atoms = np.linalg.norm(values, axis=1) if name == FORCE_SPREAD else values
            count = int((~(of_atoms <= limit)).sum())  # NaN is no less foreign
            if count:
                above.add(name)
            if count and name not in self._above:
                worst = int(of_atoms.argmax())
                warnings.warn(
                    f"{count} of {len(of_atoms)} atoms have {name} above {limit:g}"
                    f"{_UNITS[name]}, most of all atom {worst}: {of_atoms[worst]:.4g}",
                    ExtrapolationWarning,
                    stacklevel=4,
                )
        self._above = frozenset(above)
