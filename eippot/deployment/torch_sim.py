"""Exported models in torch-sim: many structures at once, in one evaluation of the network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from torch import Tensor

from eippot.deployment.exported import energies_and_gradient
from eippot.deployment.files import open_exported
from eippot.errors import MissingDependencyError, ModelError
from eippot.graphs.neighbors import neighbor_list
from eippot.models.derivatives import forces_from_edge_gradient, virial_from_edge_gradient

try:
    with warnings.catch_warnings():  # of torch-sim about TorchScript and vesin
        warnings.simplefilter("ignore", DeprecationWarning)
        from torch_sim import SimState
        from torch_sim.models.interface import ModelInterface
except ImportError as error:
    raise MissingDependencyError(
        f"torch-sim cannot be imported ({error}).", "pip install 'eippot[torch-sim]'"
    ) from None


class EippotTorchSimModel(ModelInterface):  # type: ignore[misc]
    """Energy, forces and stress of an exported model, of all systems of a state at once.

    Stress is NaN where a state is not periodic. Neighbors are found on the CPU, anew in each step.

    Parameters
    ----------
    model
        File written by ``eippot export``; its self-test is run.
    device
        Where to run, as torch names it (``cpu``, ``cuda``).
    dtype
        Number format of states; energies are computed as in the file.

    Raises
    ------
    ModelError
        The file cannot be used (see open_exported).

    Examples
    --------
    >>> model = EippotTorchSimModel("si.pt")  # doctest: +SKIP
    >>> torch_sim.integrate(atoms, model, integrator=torch_sim.nve, ...)  # doctest: +SKIP
    """

    def __init__(
        self, model: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self._model, self.metadata = open_exported(Path(model), device)
        self._device = torch.device(device)
        self._dtype = dtype
        self._compute_forces = True
        self._compute_stress = True
        self._memory_scales_with = "n_atoms_x_density"  # edges within a cutoff
        places = torch.full((len(chemical_symbols),), -1, dtype=torch.int64)
        for index, symbol in enumerate(self.metadata.species):
            places[atomic_numbers[symbol]] = index
        self._places = places.to(self._device)

    def forward(self, state: SimState | dict[str, Any], **_: object) -> dict[str, Tensor]:
        """Results for a state of B systems with n atoms together.

        Returns
        -------
        dict
            ``energy (B,)`` [eV], ``forces (n, 3)`` [eV/Å] and ``stress (B, 3, 3)`` [eV/Å³].

        Raises
        ------
        ModelError
            A system holds an element that the model does not know, or positions that are not
            finite.
        """
        if isinstance(state, dict):
            masses = torch.ones_like(state["atomic_numbers"], dtype=self._dtype)
            state = SimState(**{"masses": masses, **state})
        species = self._species(state.atomic_numbers)
        edge_index, vectors, edge_system = self._edges(state)
        energies, gradient = energies_and_gradient(self._model, species, edge_index, vectors)
        count = int(state.n_systems)
        energy = torch.zeros(count, dtype=torch.float64, device=self._device)
        virial = virial_from_edge_gradient(gradient, vectors, edge_system, count)
        volume = torch.linalg.det(state.row_vector_cell.to(virial)).abs()
        is_periodic = torch.as_tensor(state.pbc).all().to(self._device)
        stress = torch.where(is_periodic, -virial / volume[:, None, None], torch.nan)
        found = {
            "energy": energy.index_add(0, state.system_idx.to(self._device), energies),
            "forces": forces_from_edge_gradient(gradient, edge_index, len(species)),
            "stress": stress,
        }
        return {name: value.to(self._dtype) for name, value in found.items()}

    def _species(self, numbers: Tensor) -> Tensor:
        species = self._places[numbers.to(self._device, torch.int64)]
        if (species < 0).any():
            unknown = sorted({chemical_symbols[n] for n in numbers[(species < 0).cpu()].tolist()})
            raise ModelError(
                f"Expected only {', '.join(self.metadata.species)}, got {', '.join(unknown)}.",
                "A model knows the elements that it was trained on.",
            )
        return species

    def _edges(self, state: SimState) -> tuple[Tensor, Tensor, Tensor]:
        """Edges of all systems ``(2, E)``, their vectors ``(E, 3)``, their systems ``(E,)``."""
        positions = state.positions.detach().cpu().double().numpy()
        if not np.isfinite(positions).all():
            raise ModelError("Expected finite positions, got NaN or infinite ones.")
        cells = state.row_vector_cell.detach().cpu().double().numpy()
        pbc = np.broadcast_to(torch.as_tensor(state.pbc).cpu().numpy(), 3)
        counts = np.bincount(state.system_idx.cpu().numpy(), minlength=len(cells))
        lists, first = [], 0
        for cell, n_atoms in zip(cells, counts, strict=True):
            atoms = Atoms(positions=positions[first : first + n_atoms], cell=cell, pbc=pbc)
            found = neighbor_list(atoms, self.metadata.cutoff)
            lists.append((found.edge_index + first, found.edge_vectors))
            first += n_atoms
        sizes = [len(vectors) for _, vectors in lists]
        return (
            self._tensor(np.concatenate([index for index, _ in lists], axis=1)),
            self._tensor(np.concatenate([vectors for _, vectors in lists])),
            self._tensor(np.repeat(np.arange(len(cells)), sizes)),
        )

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)
