"""The stacks: what predicts the DFT labels of a structure from the labels of all EIPs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from ase import Atoms

from eippot.config.data import DataConfig
from eippot.config.loss import PotentialLossConfig
from eippot.config.stages import FinetuneConfig, StackConfig
from eippot.conventions import stress_to_ase_voigt
from eippot.data.combination import Combination
from eippot.data.loaders import validation_loader
from eippot.data.preparation import PreparedData
from eippot.data.sources import aligned_energies, reference_energies_of
from eippot.data.store import GraphStore, build_graphs
from eippot.errors import ConfigError
from eippot.graphs.alignment import Alignment
from eippot.graphs.batch import StructureBatch
from eippot.graphs.references import above_isolated_atoms, reference_energy, sizes_of
from eippot.models.prediction import predict
from eippot.models.pretrained import Pretrained
from eippot.models.saved import ModelCard, load_model
from eippot.processes import by_first
from eippot.properties import ENERGY, FORCES, STRESS, Property, reference_key
from eippot.stages import finetune
from eippot.structures.io import forces_of, stress_of, write_structures
from eippot.training.stacking import Stack, mean_features


@dataclass(frozen=True)
class StackLabels:
    """What a stack says of n structures with a label of every EIP.

    Attributes
    ----------
    energies
        ``(n,)`` [eV].
    deviations
        ``(n,)`` standard deviations of these [eV/atom].
    derivatives
        Forces ``(n_atoms, 3)`` [eV/Å] and stress ``(3, 3)`` [eV/Å³] of each, where known.
    """

    energies: np.ndarray
    deviations: np.ndarray
    derivatives: Sequence[Mapping[Property, np.ndarray]]


FittedStack = Callable[[Sequence[Atoms]], StackLabels]


def combination(found: Combination) -> FittedStack:
    """One linear combination of the EIPs."""
    return partial(_combined, found)


def _combined(found: Combination, structures: Sequence[Atoms]) -> StackLabels:
    return StackLabels(
        found.energies(structures),
        found.deviations(structures) / sizes_of(structures),
        [found.derivatives(atoms) for atoms in structures],
    )


def process(
    training: Sequence[Atoms],
    alignments: Sequence[Alignment],
    data: PreparedData,
    pretrained: Pretrained,
    neighbor_lists: Path | None,
) -> FittedStack:
    """A Gaussian process over the aligned EIPs and the features of a pretrained network."""
    card, references = pretrained.card, data.reference_energies

    def describe(structures: Sequence[Atoms]) -> np.ndarray:
        graphs = _graphs(structures, card, neighbor_lists)
        features = mean_features(pretrained.potential.representation, graphs)
        aligned = aligned_energies(structures, alignments)
        aligned = aligned.reshape(len(structures), len(alignments))
        return np.hstack([features, above_isolated_atoms(aligned, structures, references)])

    def labels(structures: Sequence[Atoms]) -> StackLabels:
        found, deviations = stack.predict(describe(structures))
        zero = np.array([reference_energy(atoms, references) for atoms in structures])
        energies = zero + found * sizes_of(structures)
        return StackLabels(energies, deviations, [{} for _ in structures])

    reference = above_isolated_atoms(reference_energies_of(training), training, references)
    stack = Stack(describe(training), reference)
    return labels


def delta(
    found: Combination,
    training: Sequence[Atoms],
    validation: Sequence[Atoms],
    config: StackConfig,
    progress: bool,
) -> FittedStack:
    """A network that corrects the linear combination of the EIPs (Δ-learning).

    R. Ramakrishnan et al., J. Chem. Theory Comput. 11, 2087 (2015).
    """
    folder = config.delta.run
    files = {}
    for name, structures in (("training", training), ("validation", validation)):
        files[name] = folder.with_name(f"{folder.name}-{name}.extxyz")
        by_first(partial(write_structures, files[name], _residuals(structures, found)))
    settings = FinetuneConfig(
        data=DataConfig(
            structures=files["training"],
            validation_structures=files["validation"],
            neighbor_lists=config.data.neighbor_lists,
        ),
        output=folder,
        pretrained=config.pretrained,
        head="fresh",
        committee=config.delta.committee,
        use_weak_labels=False,
        model=config.delta.model,
        loss=PotentialLossConfig(weights=config.delta.weights, kernel=config.delta.kernel),
        training=config.delta.training,
        reference_energies=dict.fromkeys(found.species, 0.0),
    )
    finetune.run(settings, progress)
    correction = network(folder, config.data.neighbor_lists)
    return lambda structures: _corrected(_combined(found, structures), correction(structures))


def network(run: Path, neighbor_lists: Path | None) -> FittedStack:
    """A trained potential; of a committee the mean, and the deviation from it.

    Parameters
    ----------
    run
        Run directory of finetune.
    neighbor_lists
        Folder to keep these in, if any.

    Raises
    ------
    ModelError
        There is none.
    ConfigError
        There is a model of another kind.
    """
    card, potential = load_model(run)
    if card.kind != "potential":
        raise ConfigError(
            f"Expected a run of `eippot finetune` in {run}, got a model of the kind `{card.kind}`."
        )

    def labels(structures: Sequence[Atoms]) -> StackLabels:
        members, derivatives = [np.zeros((0, len(card.outputs)))], []
        for batch in validation_loader(_graphs(structures, card, neighbor_lists)):
            one = StructureBatch.of(batch)
            found = predict(potential, one, with_forces=True, with_stress=True, create_graph=False)
            assert found.forces is not None
            assert found.stress is not None
            members.append(found.energy.detach().double().numpy())
            forces = torch.split(found.forces.double(), one.sizes.tolist())
            for atoms, stress in zip(forces, found.stress.double(), strict=True):
                derivatives.append({FORCES: atoms.numpy(), STRESS: stress.numpy()})
        energies = np.concatenate(members)
        zero = np.array([reference_energy(atoms, card.reference_energies) for atoms in structures])
        return StackLabels(
            zero + energies.mean(axis=1), energies.std(axis=1) / sizes_of(structures), derivatives
        )

    return labels


def _residuals(structures: Sequence[Atoms], found: Combination) -> list[Atoms]:
    """What the combination leaves of the DFT labels."""
    residuals = []
    for atoms, energy in zip(structures, found.energies(structures), strict=True):
        left = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
        left.info[reference_key(ENERGY)] = atoms.info[reference_key(ENERGY)] - energy
        known = found.derivatives(atoms)
        forces = forces_of(atoms, reference_key(FORCES))
        if forces is not None and FORCES in known:
            left.arrays[reference_key(FORCES)] = forces - known[FORCES]
        stress = stress_of(atoms, reference_key(STRESS))
        if stress is not None and STRESS in known:
            left.info[reference_key(STRESS)] = stress_to_ase_voigt(stress - known[STRESS])
        residuals.append(left)
    return residuals


def _corrected(combined: StackLabels, correction: StackLabels) -> StackLabels:
    """Labels of the combination and of what is added, which alone is not sure of itself."""
    return StackLabels(
        combined.energies + correction.energies,
        correction.deviations,
        [
            {prop: value + more[prop] for prop, value in known.items()}
            for known, more in zip(combined.derivatives, correction.derivatives, strict=True)
        ],
    )


def _graphs(
    structures: Sequence[Atoms], card: ModelCard, neighbor_lists: Path | None
) -> GraphStore:
    """Structures as a trained model takes them."""
    return build_graphs(
        structures,
        card.species,
        card.model.cutoff,
        getattr(torch, card.dtype),
        neighbor_lists=neighbor_lists,
    )
