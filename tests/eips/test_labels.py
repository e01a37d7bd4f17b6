"""EIP labels in structures and files, and the judgement of what a label is worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from eippot.eips.base import EIPLabel, Limits, Outcome, Status
from eippot.eips.labels import write_label
from eippot.structures.io import read_structures, write_structures

STRESS = np.array([[1.0, 6.0, 5.0], [6.0, 2.0, 4.0], [5.0, 4.0, 3.0]])


def test_labels_survive_a_file(tmp_path: Path) -> None:
    good, bad = bulk("Si"), bulk("Si")
    forces = np.array([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]])
    write_label(good, "sw", "kim:SW", Outcome(Status.OK, "", EIPLabel(-8.5, forces, STRESS), 0.1))
    write_label(bad, "sw", "kim:SW", Outcome(Status.OUT_OF_RANGE, "too high", None, 0.1))
    write_label(bad, "sw_energy", "kim:X", Outcome(Status.OK, "", EIPLabel(1.0), 0.1))
    write_structures(tmp_path / "s.extxyz", [good, bad])
    first, second = read_structures(tmp_path / "s.extxyz")
    assert first.info["eip_sw_source"] == "kim:SW"
    assert first.info["eip_sw_status"] == "ok"
    assert first.info["eip_sw_energy"] == -8.5
    assert first.info["eip_sw_stress"] == pytest.approx([1, 2, 3, 4, 5, 6])
    assert first.arrays["eip_sw_forces"] == pytest.approx(forces)
    assert second.info["eip_sw_status"] == "out of range"
    assert {"eip_sw_energy", "eip_sw_stress"}.isdisjoint(second.info)
    assert second.info["eip_sw_energy_energy"] == 1.0
    assert not {"energy", "forces", "stress"} & (set(first.info) | set(first.arrays))


def test_a_new_label_takes_the_place_of_the_old_one() -> None:
    atoms = bulk("Si")
    outcome = Outcome(Status.OK, "", EIPLabel(-8.5, np.zeros((2, 3)), STRESS), 0.1)
    write_label(atoms, "sw", "kim:SW", outcome)
    write_label(atoms, "sw", "kim:NEW", Outcome(Status.TIMEOUT, "late", None, 1.0))
    assert atoms.info == {"eip_sw_status": "timeout", "eip_sw_source": "kim:NEW"}
    assert "eip_sw_forces" not in atoms.arrays


@pytest.mark.parametrize(
    ("label", "isolated", "status"),
    [
        (EIPLabel(-8.0), 0.0, Status.OK),
        (EIPLabel(-30.0), 0.0, Status.OUT_OF_RANGE),
        (EIPLabel(30.0), 0.0, Status.OUT_OF_RANGE),
        (EIPLabel(-30.0), -28.0, Status.OK),
        (EIPLabel(0.0, np.full((2, 3), 4.0)), 0.0, Status.OK),
        (EIPLabel(0.0, np.full((2, 3), 5.0)), 0.0, Status.OK),  # together they are beyond
        (EIPLabel(0.0, np.full((2, 3), 8.0)), 0.0, Status.OUT_OF_RANGE),
        (EIPLabel(float("nan")), 0.0, Status.NOT_FINITE),
        (EIPLabel(float("inf")), 0.0, Status.NOT_FINITE),
        (EIPLabel(0.0, np.full((2, 3), np.nan)), 0.0, Status.NOT_FINITE),
        (EIPLabel(0.0, np.zeros((2, 3)), np.full((3, 3), np.inf)), 0.0, Status.NOT_FINITE),
    ],
)
def test_limits(label: EIPLabel, isolated: float, status: Status) -> None:
    limits = Limits(max_energy=10.0, max_force=10.0)
    found, reason = limits.judge(label, isolated, n_atoms=2)
    assert found is status
    assert bool(reason) == (status is not Status.OK)
