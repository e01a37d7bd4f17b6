"""The run directory: complete, announced, never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from eippot import __version__
from eippot.config.stages import FinetuneConfig
from eippot.errors import ConfigError
from eippot.training.run_directory import CONTENTS, describe, start_run, write_summary

CONFIG = FinetuneConfig.model_validate({"data": {"structures": "a.xyz"}, "output": "run"})


def test_the_complete_configuration_is_left(tmp_path: Path) -> None:
    start_run(tmp_path / "runs" / "a", CONFIG)
    content = yaml.safe_load((tmp_path / "runs" / "a" / "config.yaml").read_text())
    assert FinetuneConfig.model_validate(content) == CONFIG
    assert content["training"]["gradient_clip"] == 5.0


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    start_run(tmp_path, CONFIG)
    write_summary(tmp_path, {})
    before = (tmp_path / "config.yaml").read_bytes()
    with pytest.raises(ConfigError, match="Expected a new run directory"):
        start_run(tmp_path, CONFIG)
    assert (tmp_path / "config.yaml").read_bytes() == before


def test_an_unfinished_run_goes_on_with_its_own_configuration_alone(tmp_path: Path) -> None:
    start_run(tmp_path, CONFIG)
    start_run(tmp_path, CONFIG)
    other = CONFIG.model_copy(update={"anchor": 1.0})
    with pytest.raises(ConfigError, match="the configuration that the unfinished run"):
        start_run(tmp_path, other)
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Cannot write into"):
        start_run(tmp_path / "file" / "run", CONFIG)


def test_summaries_read_back(tmp_path: Path) -> None:
    write_summary(tmp_path, {"validation": {"score": 1.5}, "é": None})
    found = yaml.safe_load((tmp_path / "summary.yaml").read_text())
    assert found["validation"] == {"score": 1.5}
    assert found["é"] is None


def test_summaries_tell_the_versions(tmp_path: Path) -> None:
    write_summary(tmp_path, {})
    versions = yaml.safe_load((tmp_path / "summary.yaml").read_text())["versions"]
    assert versions["eippot"] == __version__
    assert versions["torch"]


def test_the_tree_names_everything() -> None:
    text = describe(Path("runs/a"))
    assert text.startswith("└─ runs/a\n")
    assert all(name in text for name in CONTENTS)
