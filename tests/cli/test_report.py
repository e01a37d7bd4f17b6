from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_report(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "run.html"
    found = eippot("report", pipeline.directory / "run", "-o", page, "-s", pipeline.labelled)
    assert found.code == 0
    assert found.out == f"Wrote {page}, about a run of eippot finetune\n"
    assert page.read_text().startswith("<!doctype html>")


def test_a_page_is_written_once(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert eippot("report", pipeline.directory / "pretrained", "-o", page).code == 0
    found = eippot("report", pipeline.directory / "classifier", "-o", page)
    assert found.code == 1
    assert "which is there already" in found.block
    assert "eippot pretrain" in page.read_text()


def test_what_is_missing_is_said(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in filter(Path.is_file, (pipeline.directory / "run").iterdir()):
        (run / path.name).write_bytes(path.read_bytes())
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("augmented", "absent"))
    found = eippot("report", run, "-o", tmp_path / "report.html")
    assert found.code == 0
    assert "validation structures are left out: No structure file" in found.out


def test_what_is_no_run(eippot: Program, tmp_path: Path) -> None:
    found = eippot("report", tmp_path)
    assert found.code == 1
    assert "Expected the run directory of a training" in found.block
