"""The benchmark of outliers counts them, and reads what training says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.outliers import MARK, RESULTS, TIMES, audited, measure, table
from benchmarks.accuracy.report import PAGE
from benchmarks.accuracy.runs import Group
from benchmarks.pages import read_lines, with_table
from eippot.structures.io import read_structures


def test_weak_labels_are_audited(tiny_group: Group, tmp_path: Path) -> None:
    """How far each is off is known of hidden structures alone."""
    path, errors, sizes = audited(tiny_group.pipeline(tmp_path))
    structures = read_structures(path)
    told = [atoms for atoms in structures if "weak_error" in atoms.info]
    assert len(told) == len(errors) > 0
    assert [len(atoms) for atoms in told] == sizes.tolist()
    for atoms, error in zip(told, errors, strict=True):
        off = atoms.info["weak_energy"] - atoms.info["true_energy"]
        assert error == pytest.approx(off / len(atoms))


def test_training_tells_of_outliers(tiny_group: Group, tmp_path: Path) -> None:
    line = measure(tiny_group, tmp_path)
    counts = list(line["outliers"].values())
    assert line["weak_mae_of_structures"] > 0
    assert line["weak_labels"] >= counts[0] >= counts[1] >= counts[2]
    assert len(line["parts"]) == len(TIMES)
    for part in line["parts"]:
        assert part["spread_energy"] > 0
        assert all(share is None or 0 <= share <= 1 for share in list(part.values())[1:])
    assert any(part["kept_mild_outliers"] is not None for part in line["parts"]) == (counts[0] > 0)
    assert np.isfinite(line["parts"][0]["kept_weak_energy"])
    assert len(table([line]).splitlines()) == 3 + len(TIMES)


def test_the_page_has_what_was_measured() -> None:
    page = PAGE.read_text()
    assert page == with_table(page, MARK, table(read_lines(RESULTS)))
