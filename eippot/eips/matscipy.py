"""Potentials of matscipy, by form and parameter set; they need no KIM, only pip.

- ``matscipy:StillingerWeber?set=Stillinger_Weber_PRB_31_5262_Si``
- ``matscipy:Kumagai?set=Kumagai_Comp_Mat_Sci_39_Si``
- ``matscipy:TersoffBrenner?set=Tersoff_PRB_39_5566_Si_C``
- ``matscipy:EAM?fn=./Al.eam.alloy`` (and ``&kind=eam/fs``)
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ase.data import atomic_numbers, chemical_symbols

from eippot.eips.ase import CalculatorPotential
from eippot.eips.source import EIPSource
from eippot.errors import EIPError

_MODULES: Final = {
    "StillingerWeber": "stillinger_weber",
    "Kumagai": "kumagai",
    "TersoffBrenner": "tersoff_brenner",
}


def open_source(source: EIPSource) -> CalculatorPotential:
    """Open ``matscipy:FORM?set=PARAMETERS`` or ``matscipy:EAM?fn=FILE``.

    Raises
    ------
    EIPError
        There is no such form or parameter set, or the file cannot be read.
    """
    if source.target == "EAM":
        return _open_eam(source)
    if source.target not in _MODULES:
        raise EIPError(
            f"matscipy's `{source.target}` is not known; known: {', '.join(_MODULES)}, EAM.",
            "Other calculators of matscipy go through `ase:matscipy.calculators.…`.",
        )
    return _open_manybody(source)


def parameter_sets(form: str) -> dict[str, dict[str, Any]]:
    """Named parameter sets of one form (``StillingerWeber``, …): name → parameters."""
    return {
        name: value
        for name, value in vars(_module(form)).items()
        if isinstance(value, dict) and "el" in value
    }


def reference(source: EIPSource) -> str:
    """The paper that matscipy names for a parameter set, in one line; empty where it names none."""
    if source.target not in _MODULES:
        return ""
    parameters = parameter_sets(source.target).get(str(source.options.get("set")), {})
    return str(parameters.get("__ref__", ""))


def _open_manybody(source: EIPSource) -> CalculatorPotential:
    from matscipy.calculators.manybody import Manybody

    sets = parameter_sets(source.target)
    options = dict(source.options)
    name = options.pop("set", None)
    if options or name not in sets:
        raise EIPError(
            f"Expected `matscipy:{source.target}?set=PARAMETERS`, got `{source.text}`.",
            "Parameter sets: " + ", ".join(sorted(sets)),
        )
    parameters = sets[name]
    form = getattr(_module(source.target), source.target)
    calculator = Manybody(**form(parameters))
    return CalculatorPotential(calculator, _species(parameters["el"]), needs_cell=True)


def _open_eam(source: EIPSource) -> CalculatorPotential:
    from matscipy.calculators.eam import EAM

    options = dict(source.options)
    file = Path(str(options.get("fn", "")))
    if not file.is_file():
        raise EIPError(
            f"Expected a table file in `{source.text}`, found none at {file}.",
            "Write `matscipy:EAM?fn=./FILE`; `./` is the folder where you are.",
        )
    try:
        calculator = EAM(**options)
    except Exception as error:  # its parser raises whatever goes wrong first
        raise EIPError(
            f"matscipy cannot read {file} as an EAM table: {type(error).__name__}: {error}",
            "The format is given by `&kind=eam`, `eam/alloy` (the default) or `eam/fs`.",
        ) from error
    known = range(1, len(chemical_symbols))
    index = calculator.atnum_to_index
    numbers = [z for z in known if z < len(index) and index[z] >= 0]
    species = frozenset(chemical_symbols[z] for z in numbers)
    return CalculatorPotential(calculator, species, needs_cell=True)


def _module(form: str) -> ModuleType:
    return importlib.import_module(f"matscipy.calculators.manybody.explicit_forms.{_MODULES[form]}")


def _species(elements: str | list[str]) -> frozenset[str]:
    symbols = [elements] if isinstance(elements, str) else elements
    return frozenset(symbol for symbol in symbols if symbol in atomic_numbers)
