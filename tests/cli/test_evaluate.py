from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Program
from tests.networks import save_run
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


def test_evaluate_a_committee(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", outputs=["dft_1", "dft_2"])
    assert eippot("export", run, "-o", tmp_path / "model.pt").code == 0
    found = eippot("evaluate", tmp_path / "model.pt", pipeline.labelled, "-o", tmp_path / "out")
    assert found.code == 0
    assert "Committee: rank correlation of spread and error" in found.out
