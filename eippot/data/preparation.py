"""What every training stage does first: read, split, find the species and the zero of energy."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from eippot.config.data import DataConfig
from eippot.data.guards.check import check_labels
from eippot.data.guards.findings import Finding
from eippot.data.sources import reference_energies_of
from eippot.data.store import GraphStore
from eippot.errors import DataError
from eippot.graphs.references import above_isolated_atoms, fit_reference_energies
from eippot.graphs.species import species_of
from eippot.properties import ENERGY, LABELS, WEAK_PREFIX, reference_key, weak_key
from eippot.structures.adoption import hint_without_energies
from eippot.structures.choosing import energies_under, have, joined, where
from eippot.structures.io import open_structures, read_structures
from eippot.structures.splits import set_hash, split_labelled

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreparedData:
    """The structures of a stage.

    Attributes
    ----------
    everything
        All structures of the file, in its order.
    training, validation
        The DFT-labelled ones, validation of this file or another; both empty if no DFT label was
        asked for and none is there.
    species
        Chemical symbols of all structures, by atomic number.
    reference_energies
        Energy of the isolated atom of each species [eV].
    findings
        What is doubtful about the DFT labels; structures that validate from a file of their own are
        counted after the others.
    """

    everything: Sequence[Atoms]
    training: Sequence[Atoms]
    validation: Sequence[Atoms]
    species: list[str]
    reference_energies: dict[str, float]
    findings: tuple[Finding, ...] = ()

    @property
    def weak(self) -> Sequence[Atoms]:
        """Structures with a weak label and no DFT label."""
        unlabelled = self.unlabelled
        return where(unlabelled, np.isfinite(energies_under(unlabelled, weak_key(ENERGY))))

    @property
    def unlabelled(self) -> Sequence[Atoms]:
        """Structures without a DFT label."""
        return where(self.everything, np.isnan(reference_energies_of(self.everything)))

    def relative_energies_per_atom(self) -> np.ndarray:
        """DFT energies of the training structures above their reference ``(m,)`` [eV/atom]."""
        energies = reference_energies_of(self.training)
        return above_isolated_atoms(energies, self.training, self.reference_energies)

    def label_counts(self) -> dict[str, int]:
        """How many structures have each reference and weak label."""
        keys = [*map(reference_key, LABELS), *map(weak_key, LABELS)]
        counts = {key: int(have(self.everything, key).sum()) for key in keys}
        return {key: n for key, n in counts.items() if n or not key.startswith(WEAK_PREFIX)}

    def warnings(self) -> dict[str, object]:
        """What a summary tells of doubtful labels."""
        return {"warnings": list(map(str, self.findings))}

    def provenance(self) -> dict[str, object]:
        """Counts and hashes by which this data and this split can be recognized."""
        return {
            "structures": len(self.everything),
            "training_labels": len(self.training),
            "validation_labels": len(self.validation),
            "training_hash": set_hash(self.training),
            "validation_hash": set_hash(self.validation),
        }


def prepare(
    config: DataConfig,
    given_references: dict[str, float],
    species: Sequence[str] | None = None,
    require_labels: bool = True,
    guard: bool = True,
    in_memory: bool = False,
) -> PreparedData:
    """Read and split the structures of a stage, and warn of doubtful labels.

    Parameters
    ----------
    config
        File, share and seed.
    given_references
        Reference energies by symbol that are not to be fitted [eV].
    species
        Chemical symbols of a pretrained model, which must cover the structures; those of the
        structures if None.
    require_labels
        Whether DFT labels are needed at all. Without any, missing reference energies are zero.
    guard
        Whether to check the labels.
    in_memory
        Whether structures are lists of their own, also those of a store.

    Raises
    ------
    DataError
        A file cannot be used, or holds no structure with a DFT energy; or that for validation holds
        one without.
    """
    read = read_structures if in_memory else open_structures
    everything = read(config.structures, config.keys)
    labelled = where(everything, np.isfinite(reference_energies_of(everything)))
    if require_labels and not labelled:
        raise DataError(
            f"Expected structures with a DFT energy in {config.structures}, got none among "
            f"{len(everything)}.",
            hint_without_energies(everything),
        )
    held_out: Sequence[Atoms] = []
    if config.validation_structures:
        held_out = read(config.validation_structures, config.keys)
        _check_validation(held_out, config.validation_structures)
    everywhere = joined(everything, held_out)
    found = species_of(everywhere)
    missing = sorted(set(found) - set(species or found))
    if missing:
        raise DataError(
            f"Expected only {', '.join(species or ())}, which the pretrained model knows, got "
            f"{', '.join(missing)} in {config.structures}.",
            "Pretrain on structures with all elements.",
        )
    symbols = list(species or found)
    findings = check_labels(everywhere) if guard else ()
    for finding in findings:
        logger.warning("%s", finding)
    if not labelled:
        references = dict.fromkeys(symbols, 0.0) | given_references
        return PreparedData(everything, [], [], symbols, references, findings)
    training, validation = labelled, held_out
    if not held_out:
        training, validation = split_labelled(labelled, config.validation, config.seed)
    references = fit_reference_energies(training, symbols, given_references)
    return PreparedData(everything, training, validation, symbols, references, findings)


def _check_validation(structures: Sequence[Atoms], path: Path) -> None:
    """Refuse structures without a DFT energy in a file of their own."""
    without = int(np.isnan(reference_energies_of(structures)).sum())
    if without:
        raise DataError(
            f"Expected a DFT energy for each structure in {path}, which validates, got none for "
            f"{without} of {len(structures)}.",
            "Structures without a DFT label belong into `data.structures`.",
        )


def average_neighbors(graphs: GraphStore) -> float:
    """Mean number of neighbors of an atom, at least 1."""
    edges, atoms = int(graphs.n_edges.sum()), int(graphs.n_atoms.sum())
    return max(edges / max(atoms, 1), 1.0)


def energy_scale(energies_per_atom: np.ndarray) -> float:
    """Typical size of energies [eV/atom]: their root mean square; NaN values are left out."""
    finite = energies_per_atom[np.isfinite(energies_per_atom)]
    return max(math.sqrt(float(np.mean(np.square(finite)))), 0.1) if finite.size else 1.0
