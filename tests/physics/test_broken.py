"""Every check can fail: each fault is found by the check that is meant for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
import torch
from ase import Atoms
from torch import Tensor

from eippot.deployment.exported import ExportedModel
from eippot.graphs import neighbors
from eippot.graphs.neighbors import NeighborList
from eippot.models.blocks.radial import SmoothBesselBasis
from eippot.models.blocks.zbl import ZBL
from eippot.models.committee import Committee
from eippot.models.derivatives import virial_from_edge_gradient
from eippot.models.heads import ClassHead
from eippot.models.potential import Potential
from eippot.testing import ARCHITECTURES, CHECKS, PRECISIONS, Check, Subject, title
from eippot.testing.checks import reproduction
from eippot.testing.structures import CUTOFF
from eippot.testing.table import run_check
from tests.physics import broken
from tests.physics.broken import BrokenConfig

BY_TITLE: Final = {title(check): check for check in CHECKS}

#: what each model of tests/physics/broken.py fails, and a part of the message.
OF_MODELS: Final = {
    broken.SeesDirections: {"rotation": "rotated by", "inversion": "inverted"},
    broken.IsChiral: {"inversion": "inverted: energy"},
    broken.CountsInOrder: {"permutation": "in the order"},
    broken.SkipsEdges: {"order of edges": "edges shuffled"},
    broken.CountsAtoms: {"supercell": "repeated", "far fragments": "far apart"},
    broken.SubtractsTheMean: {"batch": "in a batch", "far fragments": "far apart"},
    broken.IgnoresSpecies: {"species": "atom 0 to feel that atom 0 is C now"},
    broken.IgnoresSpeciesOfNeighbors: {"species": "atom [1-4] to feel that atom 0 is C now"},
    broken.IgnoresDistances: {"sensitivity": "expected forces on every atom"},
    broken.EndsSuddenly: {"smooth at the cutoff": "a jump of"},
    broken.EndsWithAKink: {"smooth at the cutoff": "a force or its slope near 4"},
    broken.HasAnInnerKink: {"smooth at the cutoff": "a force or its slope near 2"},
    broken.CountsNeighbors: {"smooth at the cutoff": "jump of the energy near 4"},
    broken.DividesByDistance: {"atoms in one place": "expected finite energy and forces, got nan"},
    broken.DetachesEdges: {"forces": "along random displacements", "stress": "along random"},
    broken.IsDifferentiableOnce: {"training on forces": "along a random change of weights"},
    broken.DetachesWeights: {"training on forces": "along a random change of weights"},
    broken.UnderstatesItsRange: {"interaction range": r"cut at the interaction range \(4 Å\)"},
    broken.OverstatesItsRange: {"interaction range": "between 8 and 12 Å .*, got 7.52 Å"},
    broken.ExchangesNothing: {"ghosts": "expected 1 exchanges .* got 0"},
    broken.ExchangesInVain: {"ghosts": "with ghosts: features"},
    broken.NeedsEdges: {"no edges": "RuntimeError", "empty batch": "RuntimeError"},
    broken.IsNoisy: {"repeated": "evaluated again"},
    broken.Remembers: {"repeated": "evaluated again"},
    broken.IgnoresTheSeed: {"seed": "got other .*embedding.weight"},
    broken.HasOneSetOfWeights: {"seed": "other weights from another seed"},
    broken.ForgetsWeights: {"saved": "reloaded: energy"},
    broken.IsSingleInside: {"rotation": "rotated by"},
    broken.IsScriptedOtherwise: {"exported": "ModelError: The self-test"},
    broken.CannotBeScripted: {"exported": "."},
    broken.PromisesMoreFeatures: {"contract": r"expected features \(\(8, 16\)"},
    broken.HasItsOwnCutoff: {"contract": "expected cutoff 4.0 Å, got 3.0 Å"},
}


def _pairs(table: dict[Any, dict[str, str]]) -> list[Any]:
    return [
        pytest.param(fault, BY_TITLE[name], message, id=f"{fault.__name__}-{name}")
        for fault, failures in table.items()
        for name, message in failures.items()
    ]


def _failure(config: Any, check: Check, precision: str = "float64") -> str:
    return run_check(check, Subject(config, PRECISIONS[precision])).failure


@pytest.mark.parametrize(("model", "check", "message"), _pairs(OF_MODELS))
def test_a_broken_model_is_found(model: type[broken.Broken], check: Check, message: str) -> None:
    config = BrokenConfig(architecture=f"{broken.__name__}:{model.__name__}")
    assert re.search(message, _failure(config, check)), _failure(config, check)


def test_a_wrong_number_format_is_found() -> None:
    config = BrokenConfig(architecture=f"{broken.__name__}:GivesDoubles")
    assert "torch.float32), got" in _failure(config, BY_TITLE["contract"], "float32")


@pytest.mark.parametrize("check", CHECKS, ids=title)
def test_nothing_else_is_wrong_with_the_broken_models(check: Check) -> None:
    assert not _failure(BrokenConfig(architecture=f"{broken.__name__}:Broken"), check)


Change = Callable[[Atoms, NeighborList], NeighborList]
Fault = Callable[[pytest.MonkeyPatch], None]
Read = Callable[[Tensor, Tensor, int], Tensor]


def sees_the_origin(atoms: Atoms, found: NeighborList) -> NeighborList:
    shift = 1e-3 * atoms.positions[found.edge_index[0]]
    return found._replace(edge_vectors=found.edge_vectors + shift)


def sees_the_nearest_images_only(atoms: Atoms, found: NeighborList) -> NeighborList:
    order = np.argsort(np.linalg.norm(found.edge_vectors, axis=1), kind="stable")
    _, first = np.unique(found.edge_index[:, order], axis=1, return_index=True)
    return _only(order[first], found)


def sees_no_images(atoms: Atoms, found: NeighborList) -> NeighborList:
    return _only(np.flatnonzero(~found.edge_shift.any(axis=1)), found)


def _only(edges: Any, found: NeighborList) -> NeighborList:
    index, shift, vectors = found
    return NeighborList(index[:, edges], shift[edges], vectors[edges])


#: what is found where not the model but the neighbor list is wrong.
OF_NEIGHBOR_LISTS: Final = {
    sees_the_origin: {"translation": "moved"},
    sees_the_nearest_images_only: {
        "supercell": "repeated",
        "primitive cell": "conventional cell",
    },
    sees_no_images: {"mixed periodicity": "expected images at 5 Å"},
}


@pytest.mark.parametrize(("change", "check", "message"), _pairs(OF_NEIGHBOR_LISTS))
def test_a_wrong_neighbor_list_is_found(
    monkeypatch: pytest.MonkeyPatch, change: Change, check: Check, message: str
) -> None:
    monkeypatch.setattr(
        "eippot.data.edges.neighbor_list",
        lambda atoms, cutoff: change(atoms, neighbors.neighbor_list(atoms, cutoff)),
    )
    assert re.search(message, _failure(ARCHITECTURES["schnet"], check))


def signed_volumes(patch: pytest.MonkeyPatch) -> None:
    def volume(self: Atoms) -> float:
        return float(np.linalg.det(self.cell.array))

    patch.setattr(Atoms, "get_volume", volume)


def slightly_large_virials(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "eippot.models.prediction.virial_from_edge_gradient",
        lambda *arguments: 1.001 * virial_from_edge_gradient(*arguments),
    )


def absolute_energies(patch: pytest.MonkeyPatch) -> None:
    def forward(self: Potential, *inputs: Tensor) -> Tensor:
        energies: Tensor = self.scale * self.heads(self.representation(*inputs))
        return energies

    patch.setattr(Potential, "forward", forward)


def core_without_forces(patch: pytest.MonkeyPatch) -> None:
    core = ZBL.forward
    patch.setattr(ZBL, "forward", lambda self, s, index, r: core(self, s, index, r.detach()))


def sum_of_members(patch: pytest.MonkeyPatch) -> None:
    def forward(self: ExportedModel, *inputs: Tensor) -> Tensor:
        members: Tensor = self.member_energies(*inputs)
        return members.sum(dim=1)

    patch.setattr(reproduction, "reopened", lambda model, metadata: model)
    patch.setattr(ExportedModel, "forward", forward)


def members_in_reverse(patch: pytest.MonkeyPatch) -> None:
    def forward(self: Committee, *inputs: Tensor) -> Tensor:
        return torch.cat([potential(*inputs) for potential in self.potentials][::-1], dim=1)

    patch.setattr(reproduction, "reopened", lambda model, metadata: model)
    patch.setattr(Committee, "forward", forward)


def _first_atoms(atoms: Tensor, structure: Tensor, n: int) -> Tensor:
    return torch.stack([atoms[structure == k][0] for k in range(n)])


def _sums(atoms: Tensor, structure: Tensor, n: int) -> Tensor:
    return torch.stack([atoms[structure == k].sum(dim=0) for k in range(n)])


def _mean_of_all(atoms: Tensor, structure: Tensor, n: int) -> Tensor:
    return _sums(atoms, structure, n) - atoms.mean(dim=0)


def _nothing(atoms: Tensor, structure: Tensor, n: int) -> Tensor:
    return torch.zeros_like(atoms[:n])


#: what is found where what is around the network is wrong.
OF_THE_REST: Final = {
    signed_volumes: {"lattice vectors": r"\(left-handed\): stress"},
    slightly_large_virials: {"stress": "along random strains"},
    absolute_energies: {
        "one atom": "isolated C: energy",
        "no edges": "1 atoms without edges: energies",
        "dissociation": "pulled apart",
    },
    core_without_forces: {
        "forces": "compressed: dE/ds along random displacements",
        "stress": "compressed: σ:ε along random strains",
    },
    sum_of_members: {"committee": "periodic, committee: atomic_energies"},
    members_in_reverse: {"committee": "periodic, committee: energies of the members"},
}


@pytest.mark.parametrize(("fault", "check", "message"), _pairs(OF_THE_REST))
def test_what_is_wrong_around_the_network_is_found(
    monkeypatch: pytest.MonkeyPatch, fault: Fault, check: Check, message: str
) -> None:
    fault(monkeypatch)
    assert re.search(message, _failure(ARCHITECTURES["schnet_zbl"], check))


def test_a_kink_at_a_shorter_cutoff_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of GemNet's triplets, whose functions shall fall as δ² at δ before their cutoff."""

    def forward(self: SmoothBesselBasis, distances: Tensor) -> Tensor:
        end = self.functions.cutoff
        linear = (end - distances).clamp(min=0.0)
        envelope = self.envelope(distances) if end == CUTOFF else linear
        functions: Tensor = self.functions(distances) * envelope[:, None, None]
        return functions

    monkeypatch.setattr(SmoothBesselBasis, "forward", forward)
    failure = _failure(ARCHITECTURES["gemnet"], BY_TITLE["smooth at the cutoff"])
    assert "a jump of a force or its slope" in failure


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (_first_atoms, "in the order"),
        (_sums, "repeated"),
        (_mean_of_all, "periodic in a batch"),
        (_nothing, "every class to differ"),
    ],
)
def test_a_wrong_classifier_is_found(
    monkeypatch: pytest.MonkeyPatch, read: Read, message: str
) -> None:
    def forward(self: ClassHead, features: Tensor, structure: Tensor, n: int) -> Tensor:
        logits: Tensor = self.layers(read(self.atomwise(features), structure, n))
        return logits

    monkeypatch.setattr(ClassHead, "forward", forward)
    assert re.search(message, _failure(ARCHITECTURES["schnet"], BY_TITLE["classifier"]))


def test_every_check_is_seen_to_fail() -> None:
    seen = {
        name
        for table in (OF_MODELS, OF_NEIGHBOR_LISTS, OF_THE_REST)
        for failures in table.values()
        for name in failures
    }
    assert seen | {"classifier"} == set(BY_TITLE)
