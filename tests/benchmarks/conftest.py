"""A data set that the benchmark of accuracy is over with in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accuracy import data, presets, runs
from eippot.structures.io import write_structures
from tests.synthetic import TINY_MODEL, labelled_structures, training


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder with a data set of 40 structures with DFT labels and those of two EIPs."""
    monkeypatch.setitem(data.SETS, "tiny", data.DataSet("tiny", "none", Path("none")))
    structures = [a for a in labelled_structures(n_labelled=40) if "REF_energy" in a.info]
    write_structures(tmp_path / "tiny" / "labelled.extxyz", structures)
    return tmp_path


@pytest.fixture
def tiny_group(work: Path, monkeypatch: pytest.MonkeyPatch) -> runs.Group:
    """Runs on ten DFT labels of this set, with a network that learns next to nothing."""
    small = {"training": training(epochs=None, steps=1), "model": TINY_MODEL}
    settings = dict.fromkeys(("pretrain", "classify", "finetune"), small)
    settings["stack"] = {"delta": small}
    tiny = presets.Preset("", "default", True, 0, settings)
    monkeypatch.setitem(presets.PRESETS, "default", tiny)
    return runs.Group("tiny", "schnet", "default", 10, 0)
