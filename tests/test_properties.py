"""The table of quantities, and the keys that files use."""

from __future__ import annotations

import pytest

from eippot import units
from eippot.properties import (
    ENERGY,
    FORCES,
    LABELS,
    STRESS,
    Property,
    eip_key,
    error_unit,
    reference_key,
    weak_key,
)


def test_keys_that_files_use() -> None:
    assert [reference_key(p) for p in LABELS] == ["REF_energy", "REF_forces", "REF_stress"]
    assert weak_key(ENERGY) == "weak_energy"
    assert eip_key("sw", "energy") == "eip_sw_energy"
    assert eip_key("sw", "status") == "eip_sw_status"


@pytest.mark.parametrize(
    ("prop", "level", "shape", "unit"),
    [
        (ENERGY, "structure", (), "eV"),
        (FORCES, "atom", (3,), "eV/Å"),
        (STRESS, "structure", (3, 3), "eV/Å³"),
    ],
)
def test_labels(prop: Property, level: str, shape: tuple[int, ...], unit: str) -> None:
    assert (prop.level, prop.shape, prop.unit) == (level, shape, unit)


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("energy_mae_per_atom", "meV/atom"),
        ("energy_mae", "meV"),
        ("forces_rmse", "meV/Å"),
        ("stress_max", "meV/Å³"),
        ("score", ""),
    ],
)
def test_errors_are_shown_in_thousandths(metric: str, unit: str) -> None:
    assert error_unit(metric) == unit


def test_units_agree_with_ase() -> None:
    import ase.units

    assert 1 / ase.units.GPa == pytest.approx(units.GPA_PER_EV_PER_A3, rel=1e-8)
    assert 1 / ase.units.bar == pytest.approx(units.BAR_PER_EV_PER_A3, rel=1e-8)
