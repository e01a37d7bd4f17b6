"""DFT labels that structures carry under the names of other programs.

Read are the names of ASE's calculators and of MACE, NequIP, graph-pes, GAP (QUIP) and KLIFF; see
docs/interfaces.md. What a network has predicted (``MACE_energy``, ``gap_energy``) is no such name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator

from eippot.conventions import Array, stress_from_ase_voigt, stress_to_ase_voigt
from eippot.errors import DataError
from eippot.properties import ENERGY, FORCES, LABELS, STRESS, LabelName, Property, reference_key

#: what may be given instead of a stress; its sign is that of :mod:`eippot.conventions`.
VIRIAL: Final = "virial"

_DFT: Final = ("", "dft_", "DFT_")
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    ENERGY.name: (*(p + "energy" for p in _DFT), "total_energy", "Energy"),
    FORCES.name: (*(p + f for p in _DFT for f in ("forces", "force")), "atomic_forces", "for"),
    STRESS.name: (*(p + "stress" for p in _DFT), "Stress"),
    VIRIAL: tuple(p + v for p in (*_DFT, "REF_") for v in ("virial", "virials")),
}
#: energies that are asked for only where there are no others: that of the paper's data (Shui et al.
#: 2022), and the one that DFT programs give beside the energy for no smearing.
_LAST_ENERGIES: Final = ("energy_reference", "free_energy")
#: names that are tried for each label, and what they hold, until one group has something.
_GROUPS: Final[dict[Property, tuple[tuple[tuple[str, str], ...], ...]]] = {
    ENERGY: (
        tuple((name, ENERGY.name) for name in _NAMES[ENERGY.name]),
        *(((name, ENERGY.name),) for name in _LAST_ENERGIES),
    ),
    FORCES: (tuple((name, FORCES.name) for name in _NAMES[FORCES.name]),),
    STRESS: (tuple((name, kind) for kind in (STRESS.name, VIRIAL) for name in _NAMES[kind]),),
}
_KNOWN: Final = frozenset(
    name for groups in _GROUPS.values() for group in groups for name, _ in group
)
#: two labels differ if they do so by more [eV/atom, eV/Å, eV/Å³].
_SAME: Final = {ENERGY: 1e-4, FORCES: 1e-3, STRESS: 1e-4}


class _Label(NamedTuple):
    """A label that was found: its name, and its value as files have it."""

    name: str
    value: Array


class Adoption:
    """DFT labels of the structures of one file, some of them at a time.

    Parameters
    ----------
    keys
        Names that are to be taken, before any other, for ``energy``, ``forces``, and ``stress`` or
        ``virial`` (eV, −V·stress).

    Raises
    ------
    DataError
        There are names for both.
    """

    def __init__(self, keys: Mapping[LabelName, str]) -> None:
        if STRESS.name in keys and VIRIAL in keys:
            raise DataError("Expected a name for the stress or one for the virial, got both.")
        self._chosen = {
            STRESS.name if kind == VIRIAL else kind: (name, kind) for kind, name in keys.items()
        }
        self._taken: Counter[tuple[Property, str]] = Counter()
        self._names: dict[str, None] = {}
        self._n_structures = 0

    def adopt(self, structures: Sequence[Atoms]) -> None:
        """Move labels to ``REF_energy``, ``REF_forces`` and ``REF_stress``; detach calculators.

        Parameters
        ----------
        structures
            Changed in place. Where one has a ``REF_`` label, that is left as it is.

        Raises
        ------
        DataError
            Two labels of a structure differ, so that one has to be chosen; or one is no number or
            has a wrong shape.
        """
        if self._chosen:
            self._names |= dict.fromkeys(_names_in(structures))
        for index, atoms in enumerate(structures, self._n_structures):
            results = _detach(atoms)
            names = results, atoms.info, atoms.arrays
            if not self._chosen and all(map(_KNOWN.isdisjoint, names)):
                continue
            for prop in LABELS:
                label = _adopted(atoms, results, prop, self._chosen.get(prop.name), index)
                if label is not None:
                    _move(atoms, prop, label)
                    self._taken[prop, label.name] += 1
        self._n_structures += len(structures)

    def finish(self) -> str:
        """What was taken, and of how many structures; empty if nothing.

        Raises
        ------
        DataError
            A chosen name was nowhere.
        """
        for prop in LABELS:
            name, _ = self._chosen.get(prop.name, ("", ""))
            if name and not self._taken[prop, name]:
                raise DataError(
                    f"Expected `{name}`, which was asked for as {prop.name}, in at least one of "
                    f"{self._n_structures} structures, got none.",
                    f"There are {', '.join(sorted(self._names)) or 'no labels at all'}.",
                )
        return ", ".join(
            f"{prop.name} from `{name}` ({count} of {self._n_structures})"
            for (prop, name), count in self._taken.items()
        )


def hint_without_energies(structures: Sequence[Atoms]) -> str:
    """What to do where no structure has a DFT energy."""
    found = [name for name in _names_in(structures) if "energy" in name.lower()]
    known = "Reference labels stand under `REF_energy`, `REF_forces` and `REF_stress`, or under a "
    known += "name of docs/interfaces.md."
    if not found:
        return known
    listed = ", ".join(f"`{name}`" for name in found)
    return f"{known} Here are {listed}; if one is a DFT energy: {_how_to(ENERGY)}."


def _detach(atoms: Atoms) -> dict[str, Any]:
    """Results of the calculator, which is taken away."""
    calculator, atoms.calc = atoms.calc, None
    is_calculator = isinstance(calculator, Calculator | SinglePointCalculator)
    return dict(calculator.results) if is_calculator else {}


def _adopted(
    atoms: Atoms,
    results: Mapping[str, Any],
    prop: Property,
    chosen: tuple[str, str] | None,
    index: int,
) -> _Label | None:
    """The one label of a property that is to be a reference label."""
    if prop is STRESS and not atoms.pbc.all():
        return None
    if chosen is not None:
        return next(_found(atoms, results, prop, [chosen]), None)
    key = reference_key(prop)
    if key in atoms.info or key in atoms.arrays:
        return None
    for group in _GROUPS[prop]:
        labels = list(_found(atoms, results, prop, group))
        labels = [label for label in labels if np.isfinite(label.value).all()] or labels[:1]
        if labels:
            _check_same(labels, prop, len(atoms), index)
            return labels[0]
    return None


def _found(
    atoms: Atoms,
    results: Mapping[str, Any],
    prop: Property,
    names: Sequence[tuple[str, str]],
) -> Iterator[_Label]:
    store = atoms.arrays if prop is FORCES else atoms.info
    for name, kind in names:
        value = results.get(name, store.get(name))
        if value is not None:
            yield _Label(name, _read(atoms, name, kind, value))


def _read(atoms: Atoms, name: str, kind: str, value: Any) -> Array:  # noqa: ANN401 (a file's)
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"`{name}` should hold numbers, got {value!r}.") from None
    found = _SHAPED[kind](array, atoms)
    if found is None:
        raise DataError(
            f"`{name}` should be {_EXPECTED[kind]}, got shape {array.shape} for {len(atoms)} atoms."
        )
    return found


def _energy(value: Array, atoms: Atoms) -> Array | None:
    return value.reshape(()) if value.size == 1 else None


def _forces(value: Array, atoms: Atoms) -> Array | None:
    return value if value.shape == (len(atoms), 3) else None


def _stress(value: Array, atoms: Atoms) -> Array | None:
    return value if value.size in (6, 9) else None


def _virial(value: Array, atoms: Atoms) -> Array | None:
    if value.size != 9:
        return None
    return stress_to_ase_voigt(-value.reshape(3, 3) / atoms.get_volume())


_SHAPED: Final[dict[str, Callable[[Array, Atoms], Array | None]]] = {
    ENERGY.name: _energy,
    FORCES.name: _forces,
    STRESS.name: _stress,
    VIRIAL: _virial,
}
_EXPECTED: Final = {
    ENERGY.name: "a number",
    FORCES.name: "three components for each atom",
    STRESS.name: "6 (ASE order) or 9 components",
    VIRIAL: "9 components",
}


def _check_same(labels: Sequence[_Label], prop: Property, n_atoms: int, index: int) -> None:
    first, *others = labels
    scale = n_atoms if prop is ENERGY else 1
    for other in others:
        deviation = np.abs(_comparable(first.value) - _comparable(other.value)).max(initial=0.0)
        if not deviation <= _SAME[prop] * scale:
            unit = prop.unit + ("/atom" if prop is ENERGY else "")
            raise DataError(
                f"Expected one {prop.name} for each structure, got `{first.name}` and "
                f"`{other.name}`, which differ by {deviation / scale:.3g} {unit} (structure "
                f"{index}).",
                f"Which one is DFT's? {_how_to(prop)}.",
            )


def _comparable(value: Array) -> Array:
    """Nine components of a stress, whatever form it has."""
    return stress_from_ase_voigt(value).ravel() if value.shape == (6,) else value.ravel()


def _how_to(prop: Property) -> str:
    return f"`--key {prop.name}=NAME`, or in trainings `--set data.keys.{prop.name}=NAME`"


def _move(atoms: Atoms, prop: Property, label: _Label) -> None:
    store = atoms.arrays if prop.level == "atom" else atoms.info
    store.pop(label.name, None)
    store[reference_key(prop)] = float(label.value) if prop is ENERGY else label.value


def _names_in(structures: Sequence[Atoms]) -> list[str]:
    """Names of everything that is a number, or several, but for what eippot has written."""
    names: dict[str, None] = {}
    for atoms in structures:
        names |= dict.fromkeys(name for name, value in atoms.info.items() if _is_numeric(value))
        names |= dict.fromkeys(name for name, value in atoms.arrays.items() if value.ndim == 2)
    own = ("eip_", "weak_", "positions")
    return sorted(name for name in names if not name.startswith(own))


def _is_numeric(value: object) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and not isinstance(value, bool)
