from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_evaluate(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    found = eippot("evaluate", pipeline.export.path, pipeline.labelled, "-o", out)
    assert found.code == 0
    assert "energy [meV/atom]" in found.out
    assert "forces [meV/Å]" in found.out
    for kind in ("crystal", "small", "cluster", "all"):
        assert kind in found.out
    assert "12 structures have no DFT energy and were left out" in found.out
    assert f"Wrote {out / 'parity.png'}" in found.out
    assert {p.name for p in out.iterdir()} == {"errors.csv", "predictions.csv", "parity.png"}
