"""The classifier reads every architecture alike: structures do not mix, order does not matter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from scipy.spatial.transform import Rotation
from torch import Tensor

from eippot.graphs.batch import StructureBatch
from eippot.models.factory import build_representation
from eippot.models.potential import Classifier
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.checks.symmetry import transformed
from eippot.testing.results import batch_of
from eippot.testing.structures import EVERY_KIND, SPECIES, isolated_atom, periodic, small_cell
from eippot.testing.subject import Precision


@pytest.fixture(params=ARCHITECTURES.values(), ids=list(ARCHITECTURES))
def classifier(request: pytest.FixtureRequest, precision: Precision) -> Classifier:
    torch.manual_seed(4)
    representation = build_representation(request.param, len(SPECIES), 10.0)
    with torch.no_grad():
        for weight in representation.parameters():
            weight.mul_(3.0 if weight.dim() > 1 else 1.0)
    return Classifier(representation, 3).to(precision.dtype).eval()


def _logits(classifier: Classifier, structures: list[Atoms]) -> Tensor:
    dtype = next(classifier.parameters()).dtype
    batch: StructureBatch = batch_of(structures, dtype, classifier.representation.cutoff)
    found: Tensor = classifier(
        batch.species, batch.edge_index, batch.edge_vectors, batch.structure, batch.n_structures
    ).detach()
    assert found.shape == (len(structures), 3)
    return found


def _assert_same(found: Tensor, expected: Tensor, precision: Precision) -> None:
    size = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=precision.tolerance * size)


def test_structures_of_a_batch_do_not_mix(classifier: Classifier, precision: Precision) -> None:
    structures = [f() for f in EVERY_KIND.values()] + [isolated_atom()]
    together = _logits(classifier, structures)
    assert together.std(dim=0).min() > 1e-3, "the classes depend on the structure"
    alone = torch.cat([_logits(classifier, [atoms]) for atoms in structures])
    _assert_same(together, alone, precision)


def test_the_order_of_atoms_does_not_matter(classifier: Classifier, precision: Precision) -> None:
    atoms = periodic()
    shuffled = atoms[np.random.default_rng(0).permutation(len(atoms))]
    assert (shuffled.numbers != atoms.numbers).any()
    _assert_same(_logits(classifier, [shuffled]), _logits(classifier, [atoms]), precision)


def test_the_choice_of_cell_does_not_matter(classifier: Classifier, precision: Precision) -> None:
    atoms = small_cell()
    _assert_same(_logits(classifier, [atoms * (2, 1, 3)]), _logits(classifier, [atoms]), precision)


def test_the_orientation_does_not_matter(classifier: Classifier, precision: Precision) -> None:
    turned = transformed(periodic(), Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix())
    _assert_same(_logits(classifier, [turned]), _logits(classifier, [periodic()]), precision)
