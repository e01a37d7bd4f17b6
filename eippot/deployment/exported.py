"""The exported model: one TorchScript file with metadata and a self-test.

The file holds a function (species, edge_index, edge_vectors) → atomic energies, reference
energies included, and tells by its attributes everything that an engine has to know. Forces and
virial follow from its derivative with respect to the edge vectors, in every engine alike. The
energies are the mean over the members of a committee, of which there may be one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

import torch
from pydantic import Field
from torch import Tensor, nn

from eippot.models.committee import Committee
from eippot.models.derivatives import (
    edge_gradient,
    forces_from_edge_gradient,
    virial_from_edge_gradient,
)
from eippot.models.potential import Potential

FORMAT_VERSION: Final = 2
#: stands for the EIPs of a file that does not name them.
UNKNOWN_EIPS: Final = "unknown"

Length: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
Error: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Count: TypeAlias = Annotated[int, Field(ge=0, strict=True)]


@dataclass(frozen=True)
class Metadata:
    """What an engine has to know about a model.

    Attributes
    ----------
    architecture
        Name of the architecture.
    species
        Chemical symbols, in the order of species indices.
    cutoff
        Length of the longest edge [Å].
    interaction_range
        How far an atom's energy may depend on other atoms [Å].
    ghost_range
        How far away atoms have to be known [Å] by a process that gets their features; see
        Representation.
    n_exchanges
        How often features of neighbors are exchanged.
    dtype
        Number format of the network; energies and edge vectors are float64 in any case.
    eippot_version
        Version that exported the file.
    citation
        What to cite.
    format_version
        Version of this list.
    n_members
        How many energies the mean is taken of; 1 where there is no committee.
    table_bins
        Pieces of each table of a compressed model; 0 of one that is not.
    table_energy_error, table_force_error
        What the tables change at most [eV/atom], [eV/Å]; see Compression.
    eips
        Sources of the EIPs that it learnt from, one a line (TorchScript has no empty lists);
        :data:`UNKNOWN_EIPS` where that is not known, as in older files.
    training_neighborhoods
        How many atoms' neighborhoods the extrapolation grade compares with; 0 where there is no
        grade.
    """

    architecture: str
    species: Annotated[list[str], Field(min_length=1)]
    cutoff: Length
    interaction_range: Length
    ghost_range: Length
    n_exchanges: Count
    dtype: Annotated[str, Field(pattern="^float(32|64)$")]
    eippot_version: str
    citation: str
    format_version: int = FORMAT_VERSION
    n_members: Annotated[int, Field(ge=1, strict=True)] = 1
    table_bins: Count = 0
    table_energy_error: Error = 0.0
    table_force_error: Error = 0.0
    eips: str = UNKNOWN_EIPS
    training_neighborhoods: Count = 0


@dataclass(frozen=True)
class Evaluation:
    """What an exported model says of n atoms.

    Attributes
    ----------
    atomic_energies
        ``(n,)`` [eV], reference energies included.
    forces
        ``(n, 3)`` [eV/Å].
    virial
        ``(3, 3)`` [eV].
    """

    atomic_energies: Tensor
    forces: Tensor
    virial: Tensor


class ExportedModel(nn.Module):
    """A potential as engines run it; all its attributes are part of the file format.

    Parameters
    ----------
    potential
        The trained potential; each of its heads is a member.
    reference_energies
        ``(S,)`` energy of the isolated atom of each species [eV], float64; ``(members, S)`` where
        members differ in it.
    metadata
        Becomes attributes of the same names.
    """

    def __init__(
        self, potential: Potential | Committee, reference_energies: Tensor, metadata: Metadata
    ) -> None:
        super().__init__()
        self.potential = potential
        self.reference_energies = nn.Buffer(reference_energies.reshape(-1, len(metadata.species)))
        self.format_version = metadata.format_version
        self.architecture = metadata.architecture
        self.species = metadata.species
        self.cutoff = metadata.cutoff
        self.interaction_range = metadata.interaction_range
        self.ghost_range = metadata.ghost_range
        self.n_exchanges = metadata.n_exchanges
        self.dtype = metadata.dtype
        self.eippot_version = metadata.eippot_version
        self.citation = metadata.citation
        self.n_members = metadata.n_members
        self.table_bins = metadata.table_bins
        self.table_energy_error = metadata.table_energy_error
        self.table_force_error = metadata.table_force_error
        self.eips = metadata.eips
        self.training_neighborhoods = metadata.training_neighborhoods
        self.selftest_species: Tensor = nn.Buffer(torch.zeros(0, dtype=torch.int64))
        self.selftest_edge_index: Tensor = nn.Buffer(torch.zeros((2, 0), dtype=torch.int64))
        self.selftest_edge_vectors: Tensor = nn.Buffer(torch.zeros((0, 3), dtype=torch.float64))
        self.selftest_energy: Tensor = nn.Buffer(torch.zeros((), dtype=torch.float64))
        self.selftest_forces: Tensor = nn.Buffer(torch.zeros((0, 3), dtype=torch.float64))
        self.selftest_virial: Tensor = nn.Buffer(torch.zeros((3, 3), dtype=torch.float64))

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Energy of each atom ``(n,)`` [eV], float64, reference energies included.

        The mean over members, taken so that what all agree on is exact.

        Parameters
        ----------
        species
            ``(n,)`` index into the file's species, int64.
        edge_index
            ``(2, E)`` center and neighbor, int64; both directions, all pairs within the cutoff.
        edge_vectors
            ``(E, 3)`` r_neighbor − r_center [Å], float64.
        """
        members = self.member_energies(species, edge_index, edge_vectors)  # (n, members)
        first = members[:, 0]
        energies: Tensor = first + (members - first.unsqueeze(1)).mean(dim=1)
        return energies

    @torch.jit.export
    def member_energies(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Energy of each atom by each member ``(n, members)``; see forward."""
        precision = torch.float64 if self.dtype == "float64" else torch.float32
        relative = self.potential(species, edge_index, edge_vectors.to(precision))
        references = self.reference_energies.index_select(1, species)  # (members or 1, n)
        energies: Tensor = relative.to(torch.float64) + references.T
        return energies

    @torch.jit.export
    def extrapolation_grade(
        self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
    ) -> Tensor:
        """How unlike those of the training each atom's neighborhood is ``(n,)``; see forward."""
        precision = torch.float64 if self.dtype == "float64" else torch.float32
        grade = self.potential.extrapolation_grade(species, edge_index, edge_vectors.to(precision))
        return grade.to(torch.float64)

    def set_self_test(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> None:
        """Store a structure and what the model says of it."""
        found = evaluate(self, species, edge_index, edge_vectors)
        self.selftest_species = species
        self.selftest_edge_index = edge_index
        self.selftest_edge_vectors = edge_vectors
        self.selftest_energy = found.atomic_energies.sum()
        self.selftest_forces = found.forces
        self.selftest_virial = found.virial


class EnergyGradientModel(nn.Module, ABC):
    """A model that finds the derivative of its energies itself."""

    @abstractmethod
    def energies_and_gradient(
        self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Atomic energies ``(n,)``, and ∂E/∂edge_vectors ``(E, 3)`` of their sum."""


#: what an exported file is opened as, with the attributes of an ExportedModel: a ScriptModule or an
#: EnergyGradientModel.
OpenedModel: TypeAlias = Any


def evaluate(
    model: nn.Module, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
) -> Evaluation:
    """Atomic energies, forces and virial; arguments as for ExportedModel.forward."""
    energies, gradient = energies_and_gradient(model, species, edge_index, edge_vectors)
    with torch.no_grad():
        everyone = torch.zeros(edge_index.shape[1], dtype=torch.int64, device=species.device)
        return Evaluation(
            energies,
            forces_from_edge_gradient(gradient, edge_index, len(species)),
            virial_from_edge_gradient(gradient, edge_vectors, everyone, 1)[0],
        )


def energies_and_gradient(
    model: nn.Module, species: Tensor, edge_index: Tensor, edge_vectors: Tensor
) -> tuple[Tensor, Tensor]:
    """Atomic energies ``(n,)`` and ∂E/∂edge_vectors ``(E, 3)``, of any number of structures."""
    if isinstance(model, EnergyGradientModel):
        return model.energies_and_gradient(species, edge_index, edge_vectors)
    edge_vectors = edge_vectors.detach().requires_grad_()
    with torch.enable_grad(), as_it_is():
        energies = model(species, edge_index, edge_vectors)
        gradient = edge_gradient(energies, edge_vectors, create_graph=False)
    return energies.detach(), gradient


@contextmanager
def as_it_is() -> Iterator[None]:
    """TorchScript runs what the file says, where it would compile it anew for each new shape.

    MD has a new number of edges in every step: the first ones would take seconds, and later ones
    would not be faster.
    """
    with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
        yield
