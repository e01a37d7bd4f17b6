"""Any ASE calculator as an EIP, by its import path: ``ase:module.Class?key=value``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase.calculators.calculator import PropertyNotImplementedError

from eippot.conventions import stress_from_ase_voigt
from eippot.eips.base import EIPLabel, OneByOne
from eippot.eips.cell import cell_with_normals
from eippot.eips.frame import Frame
from eippot.eips.source import EIPSource
from eippot.errors import EIPError


def open_source(source: EIPSource) -> CalculatorPotential:
    """Open ``ase:module.Class?key=value``; the options are the keyword arguments.

    Raises
    ------
    EIPError
        There is no such class, or it does not accept the options.
    """
    factory = _find(source.target)
    try:
        calculator = factory(**source.options)
    except Exception as error:
        raise EIPError(
            f"{source.target} cannot be set up with {dict(source.options)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    return CalculatorPotential(calculator)


class CalculatorPotential:
    """An ASE calculator behind the contract of an EIP.

    Parameters
    ----------
    calculator
        Any object with the interface of ``ase.calculators.calculator.Calculator``.
    species
        Chemical symbols that it knows; None where it does not say.
    needs_cell
        Whether it needs three lattice vectors, also where directions are open.
    """

    def __init__(
        self,
        calculator: Any,  # noqa: ANN401 (ASE has no types, and its calculators no common base)
        species: frozenset[str] | None = None,
        needs_cell: bool = False,
    ) -> None:
        self._calculator = calculator
        self._needs_cell = needs_cell
        self._species = species
        self._has_forces = self._gives("forces")
        self._has_stress = self._gives("stress")

    @property
    def supported_species(self) -> frozenset[str] | None:
        """Chemical symbols that the calculator knows; None where it does not say."""
        return self._species

    def prepare(self, frames: Sequence[Frame], derivatives: bool = True) -> OneByOne:
        """Get ready to evaluate structures; see :class:`~eippot.eips.base.EmpiricalPotential`."""
        return OneByOne(lambda frame: self._evaluate(frame, derivatives), frames)

    def _evaluate(self, frame: Frame, derivatives: bool) -> EIPLabel:
        atoms = frame.to_atoms()
        if self._needs_cell:
            atoms.cell = cell_with_normals(atoms.cell.array, atoms.pbc)
        atoms.calc = self._calculator
        energy = float(atoms.get_potential_energy())
        if not derivatives:
            return EIPLabel(energy)
        forces = stress = None
        if self._has_forces:
            forces = np.array(atoms.get_forces(), dtype=np.float64)
        if self._has_stress and atoms.pbc.all():
            try:
                stress = stress_from_ase_voigt(np.asarray(atoms.get_stress(), dtype=np.float64))
            except (NotImplementedError, PropertyNotImplementedError):
                self._has_stress = False
        return EIPLabel(energy, forces, stress)

    def _gives(self, quantity: str) -> bool:
        return quantity in getattr(self._calculator, "implemented_properties", (quantity,))


def _find(path: str) -> Any:  # noqa: ANN401 (whatever stands there)
    module_name, _, attribute = path.rpartition(".")
    if not module_name:
        raise EIPError(
            f"Expected module.Class after `ase:`, got `{path}`.",
            "For example `ase:ase.calculators.lj.LennardJones?sigma=2.1&epsilon=0.5`.",
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise EIPError(
            f"`ase:{path}` cannot be imported: {error}.",
            "The module must be installed, or lie in the folder where you are.",
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        raise EIPError(f"The module {module_name} has no `{attribute}`.")
    if not _gives_calculators(found):
        raise EIPError(
            f"`ase:{path}` is no ASE calculator, and is not called.",
            "Name a calculator class, or a function whose result is annotated as a calculator.",
        )
    return found


def _gives_calculators(found: Any) -> bool:  # noqa: ANN401
    """Whether something may be called: sources may come with cards of other people."""
    kind = found if isinstance(found, type) else getattr(found, "__annotations__", {}).get("return")
    return hasattr(kind, "get_potential_energy") or str(kind).endswith("Calculator")
