"""Compiled files (.pt2): the same numbers as TorchScript, for any structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from eippot_cli.main import app
from typer.testing import CliRunner

from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.errors import ModelError
from eippot.stages import export
from eippot.testing.structures import EVERY_KIND, periodic
from tests.networks import save_run
from tests.versions import needs

pytestmark = needs("torch", "2.9", "2.6 does not compile the graph")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("compiled") / "run", scale=1.0)


@pytest.fixture(scope="module")
def both(run: Path) -> list[EippotCalculator]:
    """Compiling takes half a minute: once for all tests."""
    calculators = []
    for name in ("model.pt2", "model.pt"):
        config = {"runs": [run], "output": run.parent / name, "precision": "float64"}
        export.run(ExportConfig.model_validate(config))
        calculators.append(EippotCalculator(run.parent / name))
    return calculators


def test_every_kind_of_structure(both: list[EippotCalculator]) -> None:
    compiled, script = both
    large = periodic() * (3, 3, 2)
    large.rattle(0.05, seed=2)
    nothing = Atoms("Si2", [[0.0, 0.0, 0.0], [0.0, 0.0, 20.0]])
    for atoms in (*(structure() for structure in EVERY_KIND.values()), large, nothing):
        for name, absolute in (("energies", 1e-10), ("forces", 1e-10)):
            found, expected = (c.get_property(name, atoms) for c in (compiled, script))
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=absolute)
    assert compiled.metadata == script.metadata


def test_verify_and_evaluate_take_them(both: list[EippotCalculator], run: Path) -> None:
    result = CliRunner().invoke(app, ["verify", str(run.parent / "model.pt2")])
    assert result.exit_code == 0, result.output
    assert "schnet for C, Si" in result.output


def test_what_is_none_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "other.pt2").write_text("nothing")
    with pytest.raises(ModelError, match="not a compiled model of eippot"):
        EippotCalculator(tmp_path / "other.pt2")
    for changes in ({"runs": [run, run]}, {"compress": True}):
        config = {"runs": [run], "output": tmp_path / "model.pt2"} | changes
        with pytest.raises(ModelError, match="Expected one potential, not compressed"):
            export.run(ExportConfig.model_validate(config))
    assert not (tmp_path / "model.pt2").exists()
