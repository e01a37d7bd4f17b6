"""The ASE calculator of exported models."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import (
    Calculator,
    PropertyNotImplementedError,
    all_changes,
)

from eippot.conventions import stress_to_ase_voigt
from eippot.deployment.exported import Metadata, evaluate
from eippot.deployment.files import open_exported
from eippot.deployment.spread import spread
from eippot.errors import ModelError
from eippot.graphs.graph import species_indices
from eippot.graphs.neighbors import NeighborList, neighbor_list, update_edge_vectors

#: properties that committees have, and that are computed when asked for.
SPREADS: Final = ("energy_std", "energies_std", "forces_std")


class EippotCalculator(Calculator):  # type: ignore[misc]
    """Energy, forces and stress of an exported model.

    Works for any cell and periodicity, cells smaller than the cutoff included. Stress is there
    where all three directions are periodic.

    The results of a committee are the means over its members. Their standard deviations are
    computed where they are asked for, as ``calculator.get_property("forces_std", atoms)``:
    ``energy_std`` of the total energy [eV], ``energies_std`` ``(n,)`` of the atomic ones [eV], and
    ``forces_std`` ``(n, 3)`` [eV/Å]; see Spread.

    Parameters
    ----------
    model
        File written by ``eippot export``; its self-test is run.
    device
        Where to run, as torch names it (``cpu``, ``cuda``).
    skin
        Neighbor lists reach this much farther than the cutoff, and are kept until an atom has
        moved by half of it [Å].

    Raises
    ------
    ModelError
        The file cannot be used (see open_exported).

    Examples
    --------
    >>> atoms.calc = EippotCalculator("si.pt")  # doctest: +SKIP
    >>> atoms.get_potential_energy()  # doctest: +SKIP
    """

    implemented_properties: list[str] = [
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(self, model: str | Path, device: str = "cpu", skin: float = 0.5) -> None:
        super().__init__()
        if skin < 0:
            raise ModelError(f"Expected a skin of zero or more Å, got {skin}.")
        self.model, self.metadata = open_exported(Path(model), device)
        self.device = device
        if self.metadata.n_members > 1:
            self.implemented_properties = [*type(self).implemented_properties, *SPREADS]
        self._neighbors = _SkinnedNeighbors(self.metadata, skin)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all properties of a structure, spreads if asked for; see ASE's Calculator.

        Raises
        ------
        ModelError
            The structure holds an element that the model does not know, or positions that are
            not finite.
        """
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        _check(atoms, self.metadata)
        edge_index, edge_vectors = self._neighbors.edges_of(atoms)
        inputs = (
            self._tensor(species_indices(atoms, self.metadata.species)),
            self._tensor(edge_index),
            self._tensor(edge_vectors),
        )
        found = evaluate(self.model, *inputs)
        energies = found.atomic_energies.cpu().numpy()
        energy = float(energies.sum())
        self.results: dict[str, Any] = {
            "energy": energy,
            "free_energy": energy,
            "energies": energies,
            "forces": found.forces.cpu().numpy(),
        }
        if set(SPREADS) & set(properties or ()):
            deviations = spread(self.model, *inputs)
            self.results |= {
                "energy_std": float(deviations.energy),
                "energies_std": deviations.atomic_energies.cpu().numpy(),
                "forces_std": deviations.forces.cpu().numpy(),
            }
        if atoms.pbc.all():
            stress = -found.virial.cpu().numpy() / atoms.get_volume()
            self.results["stress"] = stress_to_ase_voigt(stress)
        elif properties and "stress" in properties:
            raise PropertyNotImplementedError(
                f"Stress needs periodicity in three directions, got pbc {atoms.pbc.tolist()}."
            )

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)


class _SkinnedNeighbors:
    """Neighbor list that is kept while atoms move by less than half the skin."""

    def __init__(self, metadata: Metadata, skin: float) -> None:
        self.cutoff = metadata.cutoff
        self.skin = skin
        self.built_for: Atoms | None = None
        self.neighbors: NeighborList | None = None

    def edges_of(self, atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
        """Edges within the cutoff: ``edge_index (2, E)`` and ``edge_vectors (E, 3)`` [Å]."""
        if self.neighbors is None or not self._still_valid(atoms):
            self.neighbors = neighbor_list(atoms, self.cutoff + self.skin)
            self.built_for = atoms.copy()
        vectors = update_edge_vectors(self.neighbors, atoms.positions, atoms.cell.array)
        within = np.einsum("ij,ij->i", vectors, vectors) < self.cutoff**2
        return self.neighbors.edge_index[:, within], vectors[within]

    def _still_valid(self, atoms: Atoms) -> bool:
        old: Any = self.built_for
        same = (
            len(old) == len(atoms)
            and np.array_equal(old.pbc, atoms.pbc)
            and np.array_equal(old.cell.array, atoms.cell.array)
        )
        if not same:
            return False
        moved = np.square(atoms.positions - old.positions).sum(axis=1).max(initial=0.0)
        return bool(moved <= (self.skin / 2) ** 2)


def _check(atoms: Atoms, metadata: Metadata) -> None:
    unknown = sorted(set(atoms.get_chemical_symbols()) - set(metadata.species))
    if unknown:
        raise ModelError(
            f"Expected only {', '.join(metadata.species)}, got {', '.join(unknown)} in "
            f"{atoms.get_chemical_formula()}.",
            "A model knows the elements that it was trained on.",
        )
    if not np.isfinite(atoms.positions).all():
        raise ModelError("Expected finite positions, got NaN or infinite ones.")
