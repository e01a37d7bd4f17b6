"""A batch of structures as the plain tensors that models take: here PyG ends."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch_geometric.data import Batch


@dataclass(frozen=True)
class StructureBatch:
    """The tensors of B structures that a model needs.

    Attributes
    ----------
    species, edge_index, edge_vectors
        As for Representation.
    structure
        ``(n,)`` index of each atom's structure.
    n_structures
        B.
    volume
        ``(B,)`` [Å³].
    """

    species: Tensor
    edge_index: Tensor
    edge_vectors: Tensor
    structure: Tensor
    n_structures: int
    volume: Tensor

    @classmethod
    def of(cls, batch: Batch) -> StructureBatch:
        """Take the tensors of a PyG batch of AtomicGraphs."""
        return cls(
            species=batch.species,
            edge_index=batch.edge_index,
            edge_vectors=batch.edge_vectors,
            structure=batch.batch,
            n_structures=int(batch.num_graphs),
            volume=batch.volume,
        )

    @property
    def sizes(self) -> Tensor:
        """``(B,)`` number of atoms of each structure."""
        return self.structure.bincount(minlength=self.n_structures)
