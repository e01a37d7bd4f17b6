from __future__ import annotations

from pathlib import Path

import pytest

from eippot.deployment.files import open_exported
from eippot.testing.architectures import ARCHITECTURES
from tests.cli.conftest import Program
from tests.networks import save_run
from tests.pipeline import Pipeline


def test_export(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    found = eippot("export", pipeline.directory / "run", "-o", model)
    assert found.code == 0
    assert "schnet for C, Si, cutoff 4 Å" in found.out
    assert f'EippotCalculator("{model}")' in found.out
    assert f"pair_coeff * * {model} C Si" in found.out
    assert open_exported(model)[1].dtype == "float32"


def test_export_in_float64(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    arguments = ("-o", model, "--precision", "float64")
    assert eippot("export", pipeline.directory / "run", *arguments).code == 0
    assert open_exported(model)[1].dtype == "float64"


@pytest.mark.parametrize("architecture", ["schnet", "equivariant"])
def test_export_with_tables(eippot: Program, tmp_path: Path, architecture: str) -> None:
    run = save_run(tmp_path / "run", 1, scale=1.0, model=ARCHITECTURES[architecture])
    assert eippot("export", run, "-o", tmp_path / "model.pt", "--compress").code == 0
    metadata = open_exported(tmp_path / "model.pt")[1]
    assert metadata.architecture == architecture
    assert metadata.table_bins > 0


def test_an_unknown_precision(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    arguments = ("-o", tmp_path / "model.pt", "--precision", "float16")
    found = eippot("export", pipeline.directory / "run", *arguments)
    assert found.code != 0
    assert "float16" in found.block
    assert "float64" in found.block
    assert "Traceback" not in found.err


def test_export_of_several_runs(eippot: Program, tmp_path: Path) -> None:
    runs = [save_run(tmp_path / name, seed) for seed, name in enumerate(("one", "two"))]
    model = tmp_path / "model.pt"
    found = eippot("export", *runs, "-o", model)
    assert found.code == 0
    assert f"{model}: committee of 2, schnet for C, Si, cutoff 4 Å" in found.out
    other = save_run(tmp_path / "other", model={"cutoff": 4.5})
    refused = eippot("export", *runs, other, "-o", tmp_path / "other.pt")
    assert refused.code == 1
    assert "Expected members of one cutoff, got 4 Å in" in refused.block
