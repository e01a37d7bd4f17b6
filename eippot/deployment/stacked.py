"""The ASE calculator of a combination of EIPs, and of a network that corrects it (Δ-model)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from pydantic import ValidationError

from eippot.conventions import stress_to_ase_voigt
from eippot.data.combination import Combination
from eippot.eips.base import Outcome, Status
from eippot.eips.frame import Frame
from eippot.eips.labels import write_label
from eippot.eips.source import open_potential, parse_source
from eippot.errors import EIPError, ModelError, one_line
from eippot.properties import ENERGY, FORCES, STRESS


class StackCalculator(Calculator):  # type: ignore[misc]
    """Energy, forces and stress of the linear combination of EIPs, corrected if so wished.

    For checks and for labels: each step asks all EIPs, in this process, which a crash of one of
    them would end. What is finetuned on the weak labels of `eippot stack` needs none of them.

    Parameters
    ----------
    combination
        File that ``eippot stack`` writes beside its weak labels.
    correction
        What is added: an EippotCalculator of the exported run of ``method: delta``.
    eips
        Name → source of EIPs whose labels did not say where they come from.

    Raises
    ------
    ModelError
        The file cannot be read.
    EIPError, ConfigError, MissingDependencyError
        An EIP cannot be opened.

    Examples
    --------
    >>> network = EippotCalculator("delta.pt")  # doctest: +SKIP
    >>> atoms.calc = StackCalculator("stacked.combination.json", network)  # doctest: +SKIP
    """

    implemented_properties: list[str] = ["energy", "free_energy", "forces", "stress"]

    def __init__(
        self,
        combination: str | Path,
        correction: Calculator | None = None,
        eips: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.combination = _read(Path(combination))
        self.correction = correction
        origins = self.combination.origins | dict(eips or {})
        unknown = [name for name in self.combination.sources if name not in origins]
        if unknown:
            raise ModelError(
                f"Expected to know where all EIPs of {combination} come from, got nothing of "
                f"{', '.join(unknown)}.",
                "Give them as `eips={name: source}`, as for `eippot label --eip`.",
            )
        self._sources = {name: origins[name] for name in self.combination.sources}
        self._eips = {
            name: open_potential(parse_source(name, text)) for name, text in self._sources.items()
        }

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all properties of a structure; see ASE's Calculator.

        Raises
        ------
        ModelError
            The structure holds an element that the combination was not fitted for.
        EIPError
            An EIP says nothing of the structure.
        """
        super().calculate(atoms, properties, system_changes)
        unknown = sorted(set(self.atoms.symbols) - set(self.combination.species))
        if unknown:
            raise ModelError(
                f"Expected only {', '.join(self.combination.species)}, got {', '.join(unknown)}."
            )
        labelled = self._labelled(self.atoms)
        derivatives = self.combination.derivatives(labelled)
        found: dict[str, Any] = {
            ENERGY.name: float(self.combination.energies([labelled])[0]),
            **{prop.name: value for prop, value in derivatives.items()},
        }
        if STRESS in derivatives:
            found[STRESS.name] = stress_to_ase_voigt(derivatives[STRESS])
        if self.correction is not None:
            for name in found:
                found[name] = found[name] + self.correction.get_property(name, self.atoms)
        missing = [name for name in (FORCES.name, STRESS.name) if name not in found]
        if wanted := [name for name in properties or () if name in missing]:
            raise PropertyNotImplementedError(f"Not all EIPs have {wanted[0]} of this structure.")
        self.results = found | {"free_energy": found[ENERGY.name]}

    def _labelled(self, atoms: Atoms) -> Atoms:
        """The structure with what each EIP says of it."""
        frame = Frame.from_atoms(atoms)
        labelled = frame.to_atoms()
        for name, eip in self._eips.items():
            evaluation = eip.prepare([frame])
            try:
                evaluation.compute(0)
                (label,) = evaluation.labels()
            except Exception as error:  # EIPs raise whatever they raise
                raise EIPError(
                    f"EIP `{name}` fails: {type(error).__name__}: {one_line(error)}"
                ) from error
            if label is None:
                raise EIPError(f"EIP `{name}` says nothing of {atoms.get_chemical_formula()}.")
            write_label(labelled, name, self._sources[name], Outcome(Status.OK, label=label))
        return labelled


def _read(path: Path) -> Combination:
    try:
        return Combination.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"Expected a combination of EIPs in {path}: {error}.",
            "`eippot stack` with `method: combination` or `delta` writes one.",
        ) from None
