"""What inspect shows, and that nothing of a file is run for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from eippot.config.inspect import InspectConfig
from eippot.errors import ConfigError, ModelError
from eippot.models.saved import CARD, WEIGHTS
from eippot.stages.inspect import InspectResult, run
from tests.fuzzing.doors import packed
from tests.networks import save_run
from tests.pipeline import Pipeline


def _inspect(path: Path) -> InspectResult:
    return run(InspectConfig(path=path))


def test_an_exported_file(exported: Path) -> None:
    found = _inspect(exported)
    assert found.facts["architecture"] == "schnet"
    assert found.facts["species"] == "C, Si"
    assert found.facts["precision"] == "float64"
    assert found.facts["self-test"] == "8 atoms"
    assert found.facts["program"].endswith("of eippot, torch")
    assert "eippot::exchange" in found.facts["operators"]
    assert not found.warnings


def test_a_run(pipeline: Pipeline) -> None:
    directory = pipeline.directory / "run"
    facts = _inspect(directory).facts
    numbers = sum(weight.numel() for weight in load_file(directory / WEIGHTS).values())
    assert facts["weights"].startswith(f"{numbers} in ")
    assert "architecture schnet" in facts["architecture"]
    assert facts["ended_by"] == "epochs"
    assert "torch" in facts["versions"]


def test_no_module_is_imported_for_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "theirs.py").write_text("raise SystemExit('imported')")
    content = json.loads((save_run(tmp_path / "run") / CARD).read_text())
    content["model"]["architecture"] = "theirs:Network"
    (tmp_path / "run" / CARD).write_text(json.dumps(content))
    assert "theirs:Network" in _inspect(tmp_path / "run").facts["architecture"]


def test_a_compiled_file_is_not_opened(tmp_path: Path) -> None:
    metadata = {
        "architecture": "schnet",
        "species": ["Si"],
        **dict.fromkeys(("cutoff", "interaction_range", "ghost_range"), 5.0),
        "n_exchanges": 1,
        "dtype": "float32",
        "eippot_version": "0.1.0",
        "citation": "",
        "format_version": 2,
        **{"n_members": 1, "table_bins": 0, "table_energy_error": 0.0, "table_force_error": 0.0},
    }
    inner = json.dumps({"metadata": metadata, "self_test": {}})
    path = tmp_path / "model.pt2"
    path.write_bytes(packed({"m/data/x_metadata.json": json.dumps({"eippot": inner}).encode()}))
    found = _inspect(path)
    assert found.facts["cutoff"].startswith("5 Å")
    assert "machine code" in found.warnings[0]
    path.write_bytes(packed({"m/data/x_metadata.json": b"[" * 100_000}))
    with pytest.raises(ModelError, match="not a compiled model"):
        _inspect(path)


def test_neither(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="which is neither"):
        _inspect(tmp_path / "absent.pt")
    with pytest.raises(ModelError, match="Expected a trained model"):
        _inspect(tmp_path)


def test_a_model_that_asks_for_more_than_it_has(tmp_path: Path) -> None:
    """Memory for weights is not taken before there are such weights."""
    from eippot.models.saved import load_model

    directory = save_run(tmp_path / "run")
    content = json.loads((directory / CARD).read_text())
    content["model"] |= {"channels": 10_000, "interactions": 100}
    (directory / CARD).write_text(json.dumps(content))
    with pytest.raises(ModelError, match="far larger than the weights"):
        load_model(directory)
