"""Alignment of label sources: known answers, outliers, and too few labels."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from eippot.errors import DataError
from eippot.graphs.alignment import Alignment, fit_alignment

SPECIES = ["C", "Si"]
Kind = Literal["none", "offset", "affine"]


def _case(
    count: int = 40, slope: float = 1.0, noise: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies of a source, DFT energies = slope · E − 3 n_C + 7 n_Si, and compositions."""
    random = np.random.default_rng(0)
    counts = random.integers(1, 6, (count, 2)).astype(float)
    energies = -counts.sum(axis=1) * random.uniform(2, 5, count)
    reference = slope * energies + counts @ [-3.0, 7.0]
    reference += noise * random.standard_normal(count) * counts.sum(axis=1)
    return energies, reference, counts


def _fit(kind: Kind, case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Alignment:
    return fit_alignment("sw", kind, SPECIES, *case)


def test_none_is_the_identity() -> None:
    found = _fit("none", _case())
    assert (found.slope, found.offsets, found.count) == (1.0, (0.0, 0.0), 0)
    assert found.energy(-12.5, np.array([3.0, 4.0])) == -12.5


def test_none_needs_no_labels() -> None:
    nothing = np.full(3, np.nan)
    assert _fit("none", (nothing, nothing, np.ones((3, 2)))).count == 0


def test_offsets_are_recovered() -> None:
    found = _fit("offset", _case())
    assert found.slope == 1.0
    np.testing.assert_allclose(found.offsets, [-3.0, 7.0], atol=1e-6)
    assert found.count == 40
    assert found.mae_per_atom == pytest.approx(0.0, abs=1e-6)


def test_affine_recovers_a_slope() -> None:
    found = _fit("affine", _case(slope=1.6))
    assert found.slope == pytest.approx(1.6, abs=1e-4)
    np.testing.assert_allclose(found.offsets, [-3.0, 7.0], atol=1e-3)


def test_the_error_is_that_after_alignment() -> None:
    energies, reference, counts = _case(noise=0.05)
    found = _fit("offset", (energies, reference, counts))
    aligned = [found.energy(e, n) for e, n in zip(energies, counts, strict=True)]
    errors = np.abs(aligned - reference) / counts.sum(axis=1)
    assert found.mae_per_atom == pytest.approx(errors.mean())
    assert 0.02 < found.mae_per_atom < 0.08


@pytest.mark.parametrize("kind", ["offset", "affine"])
def test_outliers_do_not_shift_the_others(kind: Kind) -> None:
    energies, reference, counts = _case(noise=0.01)
    energies[:8] += 500.0
    found = _fit(kind, (energies, reference, counts))
    np.testing.assert_allclose(found.offsets, [-3.0, 7.0], atol=0.05)


def test_missing_labels_are_left_out() -> None:
    energies, reference, counts = _case()
    energies[::4], reference[1::4] = np.nan, np.nan
    found = _fit("offset", (energies, reference, counts))
    assert found.count == 20
    np.testing.assert_allclose(found.offsets, [-3.0, 7.0], atol=1e-6)


@pytest.mark.parametrize(("kind", "needed"), [("offset", 3), ("affine", 4)])
def test_too_few_labels(kind: Kind, needed: int) -> None:
    energies, reference, counts = _case(count=needed)
    _fit(kind, (energies, reference, counts))
    energies[0] = np.nan
    with pytest.raises(DataError, match=f"at least {needed} structures.*`sw`.*got {needed - 1}"):
        _fit(kind, (energies, reference, counts))


def test_one_element_alone_does_not_determine_the_other() -> None:
    """The offset of an element without data is small, not arbitrary."""
    energies, reference, counts = _case()
    reference -= counts @ [-3.0, 0.0]
    counts[:, 0] = 0.0
    energies = reference - counts @ [0.0, 7.0]
    found = _fit("offset", (energies, reference, counts))
    np.testing.assert_allclose(found.offsets, [0.0, 7.0], atol=1e-6)


def test_a_card_survives_json() -> None:
    found = _fit("none", _case())
    again = Alignment.model_validate_json(found.model_dump_json())
    assert np.isnan(again.mae_per_atom)
    assert again.offsets == found.offsets
