"""report: what stands on the page is what the run left."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from eippot.config.deployment import EvaluateConfig
from eippot.config.stages import FinetuneConfig
from eippot.stages import evaluate, finetune
from eippot.structures.io import read_structures, write_structures
from tests.pipeline import Pipeline
from tests.reporting.document import Element, facts, headings, read_page
from tests.stages.reports import report, summary_of
from tests.synthetic import TINY_MODEL, training


@pytest.fixture(scope="module")
def pages(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Element]:
    """A page of each kind of run, and one with test structures."""
    folder = tmp_path_factory.mktemp("pages")
    names = ("run", "classifier", "pretrained")
    found = {name: report(pipeline.directory / name, folder) for name in names}
    found["test"] = report(pipeline.directory / "run", folder / "test", pipeline.labelled)
    assert not any(result.left_out for result in found.values())
    return {name: read_page(result.output) for name, result in found.items()}


def _all(element: Element) -> list[Element]:
    inner = [child for child in element.children if isinstance(child, Element)]
    return inner + [found for child in inner for found in _all(child)]


@pytest.mark.parametrize("name", ["run", "classifier", "pretrained", "test"])
def test_a_page_needs_nothing_but_itself(pages: dict[str, Element], name: str) -> None:
    elements = _all(pages[name])
    assert not {element.tag for element in elements} & {"script", "link", "iframe", "img", "base"}
    names = [element.attributes["id"] for element in elements if "id" in element.attributes]
    assert len(set(names)) == len(names)
    for element in elements:
        for attribute, value in element.attributes.items():
            assert "://" not in value
            assert attribute not in ("href", "src") or value.startswith(("#", "data:image/png"))
            assert all(target[0] == "#" for target in re.findall(r"url\((.)", value))
    (style,) = pages[name].all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    (policy,) = (m for m in pages[name].all("meta") if "http-equiv" in m.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_a_page_shows_what_its_run_has(pages: dict[str, Element]) -> None:
    shown = {name: headings(page) for name, page in pages.items()}
    eips = "EIPs on the DFT scale"
    assert shown == {
        "run": ["Validation", "Learning", "Provenance"],
        "test": ["Validation", "Test", "Learning", "Provenance"],
        "classifier": ["Which EIP it believes", "Learning", eips, "Provenance"],
        "pretrained": ["Learning", eips, "Provenance"],
    }


def test_the_head_of_finetune(pages: dict[str, Element], pipeline: Pipeline) -> None:
    summary, found = summary_of(pipeline.directory / "run"), facts(pages["run"])
    errors = summary["validation"]
    unit = "mean absolute, against DFT"
    assert found["Energy error"] == (
        f"{errors['validation_energy_mae_per_atom']:.1f} meV/atom {unit}"
    )
    assert found["Force error"] == f"{errors['validation_forces_mae']:.1f} meV/Å {unit}"
    assert found["Stress error"] == f"{errors['validation_stress_mae']:.1f} meV/Å³ {unit}"
    assert found["Structures"] == "38"
    assert found["DFT labels"] == "21 for training, and 5 for validation"
    assert found["Weak labels"] == f"{summary['weak_labels']} to learn from"
    length = f"{summary['steps']} steps, 3 epochs; ended as planned by epochs"
    assert found["Time"] == f"{summary['seconds']:.1f} s {length}"
    assert pages["run"].all("h1")[0].text.endswith("/run")
    assert pages["run"].all("p", "network")[0].text.startswith("schnet for C, Si · cutoff 4 Å")


def test_the_heads_of_other_runs(pages: dict[str, Element], pipeline: Pipeline) -> None:
    found = facts(pages["classifier"])
    accuracy = pipeline.classify.fit.metrics["validation_accuracy"]
    assert found["Accuracy"].startswith(f"{100 * accuracy:.0f} %")
    chosen = pipeline.finetune.weak_labels
    assert found["Weak labels"] == f"{chosen} written, to finetune on"
    found = facts(pages["pretrained"])
    assert found["Energy error"].endswith("meV/atom mean absolute, against EIPs")
    assert found["Structures"] == "38 38 with a label of an EIP"
    assert found["EIPs"] == "2"


def test_errors_are_those_of_the_training(pages: dict[str, Element], pipeline: Pipeline) -> None:
    """The model was validated on the same structures when it was trained."""
    rows = pages["run"].all("table", "errors")[0].rows()
    errors = summary_of(pipeline.directory / "run")["validation"]
    assert rows[-1][:2] == ["all", "5"]
    names = ("energy_mae_per_atom", "forces_mae", "stress_mae")
    for column, name in zip((2, 5, 8), names, strict=True):
        shown = float(rows[-1][column].replace(",", ""))
        assert shown == pytest.approx(errors[f"validation_{name}"], rel=1e-3, abs=0.06)
    assert {row[0] for row in rows[2:-1]} <= {"crystal", "small", "cluster"}


def test_tests_are_those_of_evaluate(
    pages: dict[str, Element], pipeline: Pipeline, tmp_path: Path
) -> None:
    """Of the exported file."""
    config = EvaluateConfig(
        model=pipeline.export.path, structures=pipeline.labelled, output=tmp_path
    )
    expected = evaluate.run(config)
    rows = pages["test"].all("table", "errors")[1].rows()[2:]
    assert [row[:2] for row in rows] == [[r.config_type, str(r.structures)] for r in expected.rows]
    for row, errors in zip(rows, expected.rows, strict=True):
        energy = next(iter(errors.mae))
        statistics = [errors.mae[energy], errors.rmse[energy], errors.largest[energy]]
        found = [float(cell.replace(",", "")) for cell in row[2:5]]
        np.testing.assert_allclose(found, statistics, atol=0.06)


def test_the_largest_errors_are_those_of_the_predictions(
    pages: dict[str, Element], pipeline: Pipeline, tmp_path: Path
) -> None:
    """With the index that the structure has in its file, unlabelled ones counted."""
    evaluate.run(
        EvaluateConfig(model=pipeline.export.path, structures=pipeline.labelled, output=tmp_path)
    )
    with (tmp_path / "predictions.csv").open() as file:
        predicted = [float(row["predicted_energy_per_atom"]) for row in csv.DictReader(file)]
    structures = read_structures(pipeline.labelled)
    labelled = [i for i, atoms in enumerate(structures) if "REF_energy" in atoms.info]
    reference = [structures[i].info["REF_energy"] / len(structures[i]) for i in labelled]
    errors = 1000 * (np.array(predicted) - reference)
    order = np.argsort(-np.abs(errors))[:10]
    rows = pages["test"].all("table", "outliers")[1].rows()[1:]
    assert [int(row[0]) for row in rows] == [labelled[i] for i in order]
    for row, i in zip(rows, order, strict=True):
        assert row[1] == structures[labelled[i]].get_chemical_formula()
        assert float(row[5].replace("−", "-").replace(",", "")) == pytest.approx(
            errors[i], abs=0.06
        )


def test_validation_structures_have_the_index_of_their_file(
    pages: dict[str, Element], pipeline: Pipeline
) -> None:
    rows = pages["run"].all("table", "outliers")[0].rows()[1:]
    structures = read_structures(pipeline.classify.output)
    for index, formula, kind, energy, *_ in rows:
        atoms = structures[int(index)]
        assert (atoms.get_chemical_formula(), atoms.info["config_type"]) == (formula, kind)
        expected = atoms.info["REF_energy"] / len(atoms)
        assert float(energy.replace("−", "-")) == pytest.approx(expected, abs=1e-4)


def test_what_a_classifier_believes(pages: dict[str, Element], pipeline: Pipeline) -> None:
    summary = summary_of(pipeline.directory / "classifier")
    (matrix,) = pages["classifier"].all("table", "confusion")
    shown = [[int(cell.replace("·", "0")) for cell in row[1:]] for row in matrix.rows()[1:]]
    assert shown == summary["confusion"]
    (usage,) = pages["classifier"].all("table", "usage")
    assert {row[0]: int(row[2]) for row in usage.rows()} == summary["usage"]
    text = pages["classifier"].text
    calibration = summary["calibration"]
    assert f"{calibration['error_before']:.3f} as trained" in text
    assert f"{calibration['error_after']:.3f} at the temperature" in text
    assert pipeline.classify.forecast
    assert f"EIPs know {100 * pipeline.classify.forecast.known:.0f} %" in text


@pytest.mark.parametrize("name", ["classifier", "pretrained"])
def test_alignments(pages: dict[str, Element], pipeline: Pipeline, name: str) -> None:
    (table,) = pages[name].all("table", "alignments")
    assert [row[0] for row in table.rows()[1:]] == ["twin", "far"]
    for row, each in zip(
        table.rows()[1:], reversed(summary_of(pipeline.directory / name)["alignments"]), strict=True
    ):
        values = [1000 * each["mae_per_atom"], each["slope"], *each["offsets"], each["count"]]
        found = [float(cell.replace("−", "-").replace(",", "")) for cell in row[1:]]
        np.testing.assert_allclose(found, values, atol=0.06)


def test_where_a_run_comes_from(pages: dict[str, Element], pipeline: Pipeline) -> None:
    (list_,) = pages["run"].all("dl", "provenance")
    summary = summary_of(pipeline.directory / "run")
    for text in (*summary["versions"].values(), summary["training_hash"], "−100.000000 eV"):
        assert text in list_.text
    (configuration,) = pages["run"].all("pre")
    expected = (pipeline.directory / "run" / "config.yaml").read_text()
    assert configuration.text == " ".join(expected.split())


def test_the_same_run_gives_the_same_page(pipeline: Pipeline, tmp_path: Path) -> None:
    directory = pipeline.directory / "run"
    pages = [report(directory, tmp_path / name).output for name in ("one", "two")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_many_kinds_are_folded(pipeline: Pipeline, tmp_path: Path) -> None:
    structures = read_structures(pipeline.labelled)
    for index, atoms in enumerate(structures):
        atoms.info["config_type"] = f"kind {index}"
    write_structures(tmp_path / "test.extxyz", structures)
    page = read_page(report(pipeline.directory / "run", tmp_path, tmp_path / "test.extxyz").output)
    _, overall, kinds = page.all("table", "errors")
    assert [row[0] for row in overall.rows()[2:]] == ["all"]
    assert len(kinds.rows()[2:]) == 26
    folded = page.all("details")[0]
    assert folded.all("summary")[0].text == "26 kinds"
    assert folded.all("table", "errors") == [kinds]


def test_committees_tell_whether_they_know_their_errors(pipeline: Pipeline, tmp_path: Path) -> None:
    config = {
        "data": {"structures": pipeline.labelled},
        "output": tmp_path / "run",
        "training": training(epochs=1),
        "model": TINY_MODEL,
        "committee": 2,
    }
    finetune.run(FinetuneConfig.model_validate(config), progress=False)
    page = read_page(report(tmp_path / "run", tmp_path).output)
    assert "committee of 2" in page.all("p", "network")[0].text
    assert re.search(r"rank correlation of spread and error is −?[01]\.\d\d \(forces", page.text)
