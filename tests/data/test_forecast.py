"""The forecast tells EIPs that know DFT from such that do not."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from eippot.data.forecast import Forecast, forecast
from eippot.data.sources import align_eips
from eippot.testing.structures import SPECIES, periodic


def _structures(count: int, noise: float) -> list[Atoms]:
    """DFT is the mean of two EIPs, and noise [eV/atom] that nobody knows."""
    random = np.random.default_rng(0)
    structures = []
    for _ in range(count):
        atoms = periodic()
        one, other = random.normal(size=2)
        truth = 0.5 * (one + other) + noise * random.normal()
        for name, energy in (("eip_one", one), ("eip_other", other), ("REF", truth - 3.0)):
            atoms.info[f"{name}_energy"] = energy * len(atoms)
        structures.append(atoms)
    return structures


def _forecast(structures: list[Atoms]) -> Forecast | None:
    return forecast(structures, align_eips(structures, ["one", "other"], SPECIES, "affine"))


def test_what_eips_know_together() -> None:
    found = _forecast(_structures(60, noise=0.0))
    assert found is not None
    assert found.spread == pytest.approx(0.5**0.5 * (2 / np.pi) ** 0.5, rel=0.2)
    assert found.combination_error < 0.01
    assert found.known > 0.95
    assert 0.3 < found.best_error / found.spread < 1.0


def test_eips_that_know_nothing() -> None:
    found = _forecast(_structures(60, noise=30.0))
    assert found is not None
    assert found.known < 0.1


def test_too_few_labels_for_a_forecast() -> None:
    assert _forecast(_structures(4, noise=0.0)) is None
