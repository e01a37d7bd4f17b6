"""Learning curves: what is drawn together, in which unit, and on which axis."""

from __future__ import annotations

import re

import numpy as np
import pytest

from eippot.reporting.curves import learning, weak_labels
from eippot.reporting.history import History, Series


def _history(**columns: object) -> History:
    """Two epochs of ten steps each, unless there are more values."""
    series = {}
    for name, values in columns.items():
        found = np.array(values, dtype=float)
        series[name] = Series(10 * np.arange(1, len(found) + 1), found)
    return History(series, 2, 20)


def _ticks(svg: str) -> set[str]:
    """Numbers at the vertical axis, which end where it is."""
    return set(re.findall(r"<text[^>]*text-anchor: end[^>]*>([^<]*)</text>", svg))


def test_one_panel_for_each_metric_and_each_kind_of_loss() -> None:
    history = _history(
        validation_score=[3, 2],
        validation_forces_mae=[2, 1],
        validation_energy_mae_per_atom=[2, 1],
        validation_stress_mae=[2, 1],
        loss=[3, 2],
        loss_energy=[2, 1],
        loss_forces=[1, 1],
        loss_weak_energy=[1, 2],
        loss_energy_of_eips=[1, 2],
        learning_rate=[1e-3, 1e-4],
    )
    panels = {panel.title: panel for panel in learning(history)}
    assert {title: panel.unit for title, panel in panels.items()} == {
        "Energy error": "meV/atom",
        "Force error": "meV/Å",
        "Stress error": "meV/Å³",
        "Score": "",
        "Loss": "",
        "Loss, labels of EIPs": "",
        "Loss, weak labels": "",
        "Learning rate": "",
    }
    assert list(panels)[:3] == ["Energy error", "Force error", "Stress error"]
    assert list(panels["Loss"].legend) == ["total", "energy", "forces"]
    assert len(set(panels["Loss"].legend.values())) == 3
    assert not panels["Score"].legend
    assert not weak_labels(history)


def test_shares_and_spreads_of_weak_labels() -> None:
    history = _history(
        validation_energy_mae_per_atom=[2, 1],
        kept_weak_energy=[0.5, 1.0],
        kept_severe_outliers=[0.0, 0.25],
        spread_energy=[0.1, 0.05],
        spread_stress=[0.1, 0.05],
    )
    shares, energy, stress = weak_labels(history)
    assert list(shares.legend) == ["energy", "severe outliers"]
    assert {"0", "100"} <= _ticks(shares.svg)
    assert (energy.unit, stress.unit) == ("meV/atom", "meV/Å³")


def test_total_energies_have_no_unit_per_atom() -> None:
    history = _history(validation_energy_mae=[2, 1], spread_energy=[0.1, 0.05])
    assert [panel.unit for panel in learning(history)] == ["meV"]
    assert [panel.unit for panel in weak_labels(history)] == ["meV"]


@pytest.mark.parametrize(
    ("values", "shown", "absent"),
    [
        ([1000.0, 1e-5], {"1", "100", "10⁻⁵"}, {"2", "500"}),
        ([10.0, 1.0], {"1", "2", "5", "10"}, {"4"}),
        ([1.2, 1.0], {"1", "1.2"}, {"10"}),
        ([1000.0, 0.0], {"0", "1000"}, {"10"}),
    ],
)
def test_powers_of_ten_where_values_differ_by_much(
    values: list[float], shown: set[str], absent: set[str]
) -> None:
    (panel,) = learning(_history(loss=values))
    assert shown <= _ticks(panel.svg)
    assert not absent & _ticks(panel.svg)
