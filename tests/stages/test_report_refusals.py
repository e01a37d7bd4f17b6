"""report: nothing on the page is taken for HTML; what is missing or damaged is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ase import Atoms

from eippot.errors import ConfigError, DataError, EippotError, ModelError
from eippot.structures.io import read_structures, write_structures
from tests.pipeline import Pipeline
from tests.reporting.document import facts, headings, read_page
from tests.stages.reports import copy_of, report, summary_of

SCRIPT = "<script>alert('x')</script>"


def test_names_are_shown_as_they_are(pipeline: Pipeline, tmp_path: Path) -> None:
    """Those of structures, EIPs and folders come from users, or from whom they had them of."""
    directory = copy_of(pipeline.directory / "run", tmp_path / SCRIPT.replace("/", ""))
    structures = read_structures(pipeline.labelled)
    for atoms in structures:
        atoms.info["config_type"] = SCRIPT
    write_structures(tmp_path / "test.extxyz", structures)
    page = read_page(report(directory, tmp_path, tmp_path / "test.extxyz").output)
    assert not page.all("script")
    assert page.all("table", "errors")[1].rows()[2][0] == SCRIPT
    assert page.all("table", "outliers")[1].rows()[1][2] == SCRIPT
    assert page.all("h1")[0].text.startswith("<script>alert('x')<script>")


def test_eips_are_shown_as_they_are(pipeline: Pipeline, tmp_path: Path) -> None:
    directory = copy_of(pipeline.directory / "classifier", tmp_path)
    for name in ("summary.yaml", "model.json"):
        text = (directory / name).read_text()
        (directory / name).write_text(text.replace("twin", "<b>twin"))
    page = read_page(report(directory, tmp_path).output)
    assert page.all("table", "alignments")[0].rows()[1][0] == "<b>twin"
    assert page.all("table", "usage")[0].rows()[0][0] == "<b>twin"


def test_doubtful_labels_are_told_as_they_were(pipeline: Pipeline, tmp_path: Path) -> None:
    directory = copy_of(pipeline.directory / "pretrained", tmp_path)
    told = ["Warning about DFT labels (energy): 4.0 times", f"(duplicates): config_type {SCRIPT}"]
    summary = summary_of(directory) | {"warnings": told}
    (directory / "summary.yaml").write_text(yaml.safe_dump(summary))
    page = read_page(report(directory, tmp_path).output)
    assert headings(page)[0] == "Doubtful labels"
    assert [notice.text for notice in page.all("p", "notice")] == told
    assert not page.all("script")


def test_runs_of_earlier_versions(pipeline: Pipeline, tmp_path: Path) -> None:
    """They have no learning rates, forecast and warnings; configurations have other entries."""
    directory = copy_of(pipeline.directory / "classifier", tmp_path)
    metrics = (directory / "metrics.csv").read_text()
    (directory / "metrics.csv").write_text(metrics.replace("learning_rate", "what_it_was_not"))
    summary = summary_of(directory)
    for name in ("forecast", "ended_by", "versions", "confusion", "warnings"):
        del summary[name]
    (directory / "summary.yaml").write_text(yaml.safe_dump(summary))
    with (directory / "config.yaml").open("a") as file:
        file.write("what_there_was: 1\n")
    page = read_page(report(directory, tmp_path).output)
    assert headings(page) == ["Learning", "EIPs on the DFT scale", "Provenance"]
    assert "Learning rate" not in page.text
    assert "ended" not in facts(page)["Time"]


@pytest.mark.parametrize("change", ["gone", "others", "unknown element"])
def test_validation_structures_that_are_not_there_any_more(
    pipeline: Pipeline, tmp_path: Path, change: str
) -> None:
    """The page says why they are missing; test structures are shown."""
    directory = copy_of(pipeline.directory / "run", tmp_path)
    data = tmp_path / "data.extxyz"
    config = (directory / "config.yaml").read_text()
    (directory / "config.yaml").write_text(config.replace(str(pipeline.classify.output), str(data)))
    if change != "gone":
        structures = read_structures(pipeline.classify.output)
        structures[0].symbols[0] = "C" if change == "others" else "Ge"
        write_structures(data, structures[5:] if change == "others" else structures)
    result = report(directory, tmp_path, pipeline.labelled)
    page = read_page(result.output)
    assert headings(page)[0] == "Test"
    (sentence,) = result.left_out
    (notice,) = page.all("p", "notice")
    assert notice.text == " ".join(sentence.split())
    reason = {"gone": "No structure file", "others": "got others", "unknown element": "got Ge"}
    assert reason[change] in sentence


@pytest.mark.parametrize(
    ("lost", "kind", "message"),
    [
        ("config.yaml", ConfigError, "Expected the run directory of a training"),
        ("summary.yaml", DataError, "Expected a run that has ended"),
        ("metrics.csv", DataError, "Expected losses and validation errors"),
        ("model.json", ModelError, "Expected a trained model"),
        ("model.safetensors", ModelError, "is missing, damaged"),
    ],
)
def test_runs_that_are_not_complete(
    pipeline: Pipeline, tmp_path: Path, lost: str, kind: type[EippotError], message: str
) -> None:
    directory = copy_of(pipeline.directory / "run", tmp_path)
    (directory / lost).unlink()
    with pytest.raises(kind, match=message):
        report(directory, tmp_path)
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize("text", ["[", "- 1\n", "validation: {}\n"])
def test_damaged_summaries(pipeline: Pipeline, tmp_path: Path, text: str) -> None:
    directory = copy_of(pipeline.directory / "run", tmp_path)
    (directory / "summary.yaml").write_text(text)
    with pytest.raises(DataError, match=r"summary\.yaml"):
        report(directory, tmp_path)


def test_nothing_is_overwritten(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "run.html").write_text("mine")
    with pytest.raises(ConfigError, match="which is there already"):
        report(pipeline.directory / "run", tmp_path)
    assert (tmp_path / "run.html").read_text() == "mine"


@pytest.mark.parametrize("name", ["pretrained", "classifier"])
def test_only_potentials_are_tested(pipeline: Pipeline, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="Expected a run of `eippot finetune`"):
        report(pipeline.directory / name, tmp_path, pipeline.labelled)


def test_test_structures_without_labels(pipeline: Pipeline, tmp_path: Path) -> None:
    write_structures(tmp_path / "test.extxyz", [Atoms("Si")])
    with pytest.raises(DataError, match="Expected structures with a DFT energy"):
        report(pipeline.directory / "run", tmp_path, tmp_path / "test.extxyz")
