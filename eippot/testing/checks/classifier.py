"""What a classifier of structures must not notice, on top of any architecture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from scipy.spatial.transform import Rotation

from eippot.models.potential import Classifier
from eippot.testing.checks.symmetry import transformed
from eippot.testing.results import Floats, expect, expect_close
from eippot.testing.structures import EVERY_KIND, isolated_atom, periodic, small_cell
from eippot.testing.subject import Subject


def check_classifier(subject: Subject) -> None:
    """Scores of classes depend on the structure alone, not on others, its order or orientation."""
    torch.manual_seed(subject.seed)
    classifier = Classifier(subject.potential.representation, 3).to(subject.precision.dtype).eval()
    structures = {name: structure() for name, structure in EVERY_KIND.items()}
    structures["isolated atom"] = isolated_atom()
    together = _scores(classifier, subject, list(structures.values()))
    differences = np.ptp(together, axis=0)
    expect(
        differences.min() > 1e-3,
        f"expected scores of every class to differ between structures, got by {differences}",
    )
    allowed = subject.tolerance * max(1.0, float(abs(together).max()))
    alone = np.concatenate([_scores(classifier, subject, [a]) for a in structures.values()])
    for name, found, expected in zip(structures, together, alone, strict=True):
        expect_close(found, expected, allowed, f"{name} in a batch: scores", "")
    order = np.random.default_rng(0).permutation(len(periodic()))
    turn = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
    for how, same, atoms in (
        (f"periodic, atoms in the order {order}", periodic()[order], periodic()),
        ("periodic, rotated", transformed(periodic(), turn), periodic()),
        ("small cell, repeated (2, 1, 3)", small_cell() * (2, 1, 3), small_cell()),
    ):
        found, expected = (_scores(classifier, subject, [a]) for a in (same, atoms))
        expect_close(found, expected, allowed, f"{how}: scores", "")


def _scores(classifier: Classifier, subject: Subject, structures: Sequence[Atoms]) -> Floats:
    """``(B, classes)``."""
    batch = subject.batch(structures)
    with torch.no_grad():
        scores = classifier(
            batch.species, batch.edge_index, batch.edge_vectors, batch.structure, len(structures)
        )
    found: Floats = scores.double().numpy()
    return found
