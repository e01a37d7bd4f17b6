"""What the extrapolation grade compares with: reckoned again, and where there is little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from ase import Atoms

from eippot.data.store import build_graphs
from eippot.models.potential import Potential
from eippot.testing.structures import CUTOFF, SPECIES, crystal, isolated_atom
from eippot.training.neighborhoods import SHARE, training_neighborhoods
from tests.networks import potential
from tests.synthetic import labelled_structures


def _knowing(structures: Sequence[Atoms]) -> Potential:
    model = potential()
    graphs = build_graphs(structures, SPECIES, CUTOFF, torch.float64)
    model.neighborhoods = training_neighborhoods(model, graphs)
    return model


def _grade(model: Potential, structures: Sequence[Atoms]) -> np.ndarray:
    batch = build_graphs(structures, SPECIES, CUTOFF, torch.float64).batch()
    with torch.no_grad():
        return model.extrapolation_grade(
            batch.species, batch.edge_index, batch.edge_vectors
        ).numpy()


def test_it_is_the_distance_of_mahalanobis() -> None:
    structures = labelled_structures()
    model = _knowing(structures)
    batch = build_graphs(structures, SPECIES, CUTOFF, torch.float64).batch()
    with torch.no_grad():
        features = model.representation(batch.species, batch.edge_index, batch.edge_vectors)
        hidden = model.heads.layers[:2](features).numpy()
    species = batch.species.numpy()
    for index in range(len(SPECIES)):
        hidden[species == index] -= hidden[species == index].mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(hidden.T, bias=True))
    weighed = (hidden @ directions) ** 2 / (variances + 1e-6 * variances.max())
    distances = np.sqrt(weighed.sum(axis=1))
    found = _grade(model, structures)
    assert np.mean(found > 1.0 + 1e-9) <= 1.0 - SHARE
    assert found.max() == pytest.approx(1.0)
    np.testing.assert_allclose(found, distances / distances.max(), rtol=1e-3)


def test_what_is_unlike_has_a_large_grade() -> None:
    model = _knowing([atoms for atoms in labelled_structures() if len(atoms) > 1])
    squeezed = crystal()
    squeezed.set_cell(0.75 * squeezed.cell.array, scale_atoms=True)
    assert _grade(model, [squeezed]).min() > 3.0


def test_one_kind_of_neighborhood_is_enough_to_know_others() -> None:
    """Rounding errors are no distances."""
    atoms = crystal()
    model = _knowing([atoms])
    turned = atoms.copy()
    turned.rotate(30, (1, 2, 3), rotate_cell=True)
    assert _grade(model, [turned]).max() < 1.0
    turned.rattle(0.2, seed=1)
    assert np.isfinite(_grade(model, [turned])).all()
    assert _grade(model, [turned]).max() > 2.0


def test_a_new_element_is_infinitely_far() -> None:
    atoms = crystal()
    atoms.symbols[:] = "Si"
    other = atoms.copy()
    other.symbols[0] = "C"
    grade = _grade(_knowing([atoms]), [other])
    assert np.isinf(grade[0])
    assert np.isfinite(grade[1:]).all()


def test_nothing_is_known_before_a_training() -> None:
    assert np.isinf(_grade(potential(), [isolated_atom()])).all()
