"""A small exported model for the tests: everything a real one has, at no cost.

Pair repulsion, an embedding term, a direction-dependent term, and a second round of messages, so
that energies depend on neighbors of neighbors and edge gradients are not symmetric.
"""

import warnings
from pathlib import Path

import torch
from torch import Tensor

from eippot.models.exchange import GhostExchange

ATTRIBUTES: dict[str, object] = {
    "format_version": 2,
    "architecture": "many_body",
    "n_exchanges": 1,
    "n_members": 1,
    "message": 0.3,
    "table_bins": 0,
    "table_energy_error": 0.0,
    "table_force_error": 0.0,
    "citation": "A. Nonymous, J. Test 1, 1 (2026)",
    "eippot_version": "0.1.0",
}


class ManyBody(torch.nn.Module):
    """Follows the contract of exported models; ``attributes`` replaces some of what it says."""

    species: list[str]
    reference: Tensor
    strength: Tensor
    message: float

    def __init__(
        self,
        species: tuple[str, ...] = ("Si",),
        cutoff: float = 5.0,
        dtype: str = "float64",
        **attributes: object,
    ) -> None:
        super().__init__()
        self.species = list(species)
        self.cutoff = cutoff
        self.interaction_range = 2 * cutoff
        self.ghost_range = cutoff
        self.exchange = GhostExchange()
        self.dtype = dtype
        for name, value in (ATTRIBUTES | attributes).items():
            setattr(self, name, value)
        n = len(species)
        precision = torch.float64 if dtype == "float64" else torch.float32
        self.register_buffer("reference", -100.0 + 7.0 * torch.arange(n, dtype=torch.float64))
        strength = 1.0 + 0.1 * torch.arange(n * n, dtype=torch.float64).reshape(n, n)
        self.register_buffer("strength", strength.to(precision))

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        vectors = edge_vectors.to(self.strength.dtype)  # (E, 3)
        center, neighbor = edge_index[0], edge_index[1]
        distance = torch.sqrt((vectors * vectors).sum(dim=1) + 1e-12)  # (E,)
        cut = (1.0 - torch.clamp(distance / self.cutoff, max=1.0) ** 2) ** 3
        weight = self.strength[species[center], species[neighbor]] * cut
        weight = weight * torch.exp(-0.5 * distance)
        per_atom = torch.zeros(species.shape[0], dtype=vectors.dtype)
        density = per_atom.index_add(0, center, weight)  # (N,)
        seen = self.exchange(torch.tanh(density).unsqueeze(1)).squeeze(1)
        message = per_atom.index_add(0, center, weight * seen[neighbor])
        direction = torch.zeros(species.shape[0], 3, dtype=vectors.dtype)
        direction = direction.index_add(0, center, vectors * weight[:, None])  # (N, 3)
        repulsion = per_atom.index_add(0, center, 3.0 * cut**2 * torch.exp(-2.0 * (distance - 2.0)))
        energy = repulsion - 2.0 * torch.sqrt(density + 0.1) - self.message * message
        energy = energy + 0.2 * (direction * direction).sum(dim=1)
        return energy.to(torch.float64) + self.reference[species]

    @torch.jit.export
    def member_energies(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return self.forward(species, edge_index, edge_vectors).unsqueeze(1)


def write_model(path: Path, model: ManyBody, **false_reference: Tensor) -> Path:
    """Add the self-test and save the model as TorchScript."""
    generator = torch.Generator().manual_seed(0)
    positions = 5.0 * torch.rand(6, 3, dtype=torch.float64, generator=generator)
    species = torch.arange(6) % len(model.species)
    distance = torch.cdist(positions, positions)
    edge_index = ((distance < model.cutoff) & (distance > 0.0)).nonzero().T.contiguous()
    edge_vectors = (positions[edge_index[1]] - positions[edge_index[0]]).requires_grad_(True)
    energy = model(species, edge_index, edge_vectors).sum()
    (gradient,) = torch.autograd.grad(energy, edge_vectors)
    forces = torch.zeros_like(positions)
    forces = forces.index_add(0, edge_index[0], gradient).index_add(0, edge_index[1], -gradient)
    reference = {
        "species": species,
        "edge_index": edge_index,
        "edge_vectors": edge_vectors.detach(),
        "energy": energy.detach(),
        "forces": forces,
        "virial": -(edge_vectors.detach().T @ gradient),
    }
    for name, value in reference.items():
        name = f"selftest_{name}"
        model.register_buffer(name, false_reference.get(name, value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the file is
        torch.jit.save(torch.jit.script(model), path)
    return path
