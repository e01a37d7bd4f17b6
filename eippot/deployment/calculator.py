"""The ASE calculator of exported models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import (
    Calculator,
    PropertyNotImplementedError,
    all_changes,
    external_calculators,
    register_calculator_class,
)
from ase.data import chemical_symbols
from torch import Tensor

from eippot.conventions import stress_to_ase_voigt
from eippot.deployment.alarms import GRADE, Alarms
from eippot.deployment.engines import NoEngineError, PreparedRun, open_engine
from eippot.deployment.exported import Evaluation, Metadata, as_it_is, evaluate
from eippot.deployment.files import open_exported
from eippot.deployment.skin import SkinnedNeighbors
from eippot.deployment.spread import spread
from eippot.errors import ModelError
from eippot.graphs.neighbors import update_edge_vectors
from eippot.graphs.species import species_indices
from eippot.kernels.engine import Engine

#: properties that committees have, and that are computed when asked for.
SPREADS: Final = ("energy_std", "energies_std", "forces_std")


class EippotCalculator(Calculator):  # type: ignore[misc]
    """Energy, forces and stress of an exported model.

    Works for any cell and periodicity, cells smaller than the cutoff included. Stress is there
    where all three directions are periodic. A compressed model runs on its engine, on as many
    threads as torch (``torch.set_num_threads``).

    The results of a committee are the means over its members. Their standard deviations are
    computed where they are asked for, as ``calculator.get_property("forces_std", atoms)``:
    ``energy_std`` of the total energy [eV], ``energies_std`` ``(n,)`` of the atomic ones [eV], and
    ``forces_std`` ``(n, 3)`` [eV/Å]; see Spread. So is ``extrapolation_grade`` ``(n,)``, of any
    model: how unlike those of the training the neighborhood of an atom is, from about 1 on.

    Parameters
    ----------
    model
        File written by ``eippot export``; its self-test is run.
    device
        Where to run, as torch names it (``cpu``, ``cuda``).
    skin
        Neighbor lists reach this much farther than the cutoff, and are kept until an atom has
        moved by half of it [Å].
    warn_above
        Limits of ``extrapolation_grade`` and, for committees, of ``forces_std``: each calculation
        finds these, and warns where an atom gets above (ExtrapolationWarning).

    Attributes
    ----------
    engine
        What runs a compressed model; None for the file itself.

    Raises
    ------
    ModelError
        The file cannot be used (see open_exported), or lacks what there is a limit of.
    ConfigError
        There are no warnings of a property.

    Examples
    --------
    >>> atoms.calc = EippotCalculator("si.pt")  # doctest: +SKIP
    >>> atoms.get_potential_energy()  # doctest: +SKIP
    """

    #: ASE's command line asks for this where a calculator writes no files.
    nolabel = True
    implemented_properties: list[str] = [
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(
        self,
        model: str | Path,
        device: str = "cpu",
        skin: float = 0.5,
        warn_above: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        if skin < 0:
            raise ModelError(f"Expected a skin of zero or more Å, got {skin}.")
        self.model, self.metadata = open_exported(Path(model), device)
        self.device = device
        self.engine = self._open_engine(Path(model))
        self._alarms = Alarms(warn_above or {}, self.metadata)
        self.implemented_properties = [
            *type(self).implemented_properties,
            *(SPREADS if self.metadata.n_members > 1 else ()),
            *((GRADE,) if self.metadata.training_neighborhoods else ()),
        ]
        self._neighbors = SkinnedNeighbors(self.metadata.cutoff, skin)
        self._run: PreparedRun | None = None

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all properties of a structure; see ASE's Calculator.

        Spreads and the extrapolation grade only if asked for, or if there are limits of them.

        Raises
        ------
        ModelError
            The structure holds an element that the model does not know, or positions that are
            not finite.
        """
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        _check(atoms, self.metadata)
        found = self._on_engine() if self.engine else evaluate(self.model, *self._inputs())
        energies = found.atomic_energies.cpu().numpy()
        energy = float(energies.sum())
        self.results: dict[str, Any] = {
            "energy": energy,
            "free_energy": energy,
            "energies": energies,
            "forces": found.forces.cpu().numpy(),
        }
        self.results |= self._doubts(self._alarms.properties.union(properties or ()))
        self._alarms(self.results)
        if atoms.pbc.all():
            stress = -found.virial.cpu().numpy() / atoms.get_volume()
            self.results["stress"] = stress_to_ase_voigt(stress)
        elif properties and "stress" in properties:
            raise PropertyNotImplementedError(
                f"Stress needs periodicity in three directions, got pbc {atoms.pbc.tolist()}."
            )

    def _doubts(self, wanted: frozenset[str]) -> dict[str, Any]:
        """Where not to trust the model, as far as someone wants to know."""
        found: dict[str, Any] = {}
        if not wanted.isdisjoint(SPREADS):
            deviations = spread(self.model, *self._inputs())
            found |= {
                "energy_std": float(deviations.energy),
                "energies_std": deviations.atomic_energies.cpu().numpy(),
                "forces_std": deviations.forces.cpu().numpy(),
            }
        if GRADE in wanted:
            with torch.no_grad(), as_it_is():
                found[GRADE] = self.model.extrapolation_grade(*self._inputs()).cpu().numpy()
        return found

    def _open_engine(self, path: Path) -> Engine | None:
        """The engine of a compressed model; a warning where there should be one and is none."""
        if not self.metadata.table_bins or self.device != "cpu":
            return None
        try:
            return open_engine(self.model, self.metadata, path)
        except NoEngineError as reason:
            warnings.warn(
                f"{path} is compressed, but runs on torch, which is much slower: {reason}",
                stacklevel=3,
            )
            return None

    def _on_engine(self) -> Evaluation:
        """Results of the engine, which reads the positions from the same memory at each step."""
        assert self.engine is not None
        if self._neighbors.update(self.atoms) or self._run is None:
            assert self._neighbors.listed is not None
            species = species_indices(self.atoms, self.metadata.species)
            self._run = PreparedRun(self.engine, species, self._neighbors.listed)
        return self._run(self.atoms.positions, self.atoms.cell.array)

    def _inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Species, edges within the cutoff, and their vectors, for torch."""
        self._neighbors.update(self.atoms)
        listed = self._neighbors.listed
        assert listed is not None
        vectors = update_edge_vectors(listed, self.atoms.positions, self.atoms.cell.array)
        within = np.einsum("ij,ij->i", vectors, vectors) < self.metadata.cutoff**2
        return (
            self._tensor(species_indices(self.atoms, self.metadata.species)),
            self._tensor(listed.edge_index[:, within]),
            self._tensor(vectors[within]),
        )

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _check(atoms: Atoms, metadata: Metadata) -> None:
    found = {chemical_symbols[number] for number in np.unique(atoms.numbers)}
    unknown = sorted(found - set(metadata.species))
    if unknown:
        raise ModelError(
            f"Expected only {', '.join(metadata.species)}, got {', '.join(unknown)} in "
            f"{atoms.get_chemical_formula()}.",
            "A model knows the elements that it was trained on.",
        )
    if not np.isfinite(atoms.positions).all():
        raise ModelError("Expected finite positions, got NaN or infinite ones.")


if "eippot" not in external_calculators:  # ASE refuses a second one, as after a reload
    register_calculator_class("eippot", EippotCalculator)
