"""``eippot cite``: BibTeX on stdout, what is missing on stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.citations import strict
from tests.cli.conftest import Program
from tests.pipeline import Pipeline
from tests.synthetic import SOURCES


def test_bibtex_of_a_run(eippot: Program, pipeline: Pipeline) -> None:
    found = eippot("cite", pipeline.directory / "run")
    assert found.code == 0
    entries = strict.read(found.out)
    assert {"shui:2022", "schuett:2018", "ansel:2024", "larsen:2017"} <= set(entries)
    assert found.err.splitlines() == [
        f"Incomplete: {source}: no citation is known; a card that names it may be given too"
        for source in SOURCES.values()
    ]


def test_several_paths_are_one_list(eippot: Program, pipeline: Pipeline) -> None:
    pytest.importorskip("kimpy")
    found = eippot("cite", "silicon", pipeline.labelled, pipeline.export.path)
    keys = list(strict.read(found.out))
    assert keys[:2] == ["shui:2022", "schuett:2018"]
    assert "MO_405512056662_005a" in keys
    assert len(found.err.splitlines()) == len(SOURCES)


def test_wide_entries_are_not_broken(eippot: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from eippot_cli import output

    pytest.importorskip("kimpy")
    monkeypatch.setattr(output.console, "_width", 20)
    strict.read(eippot("cite", "silicon").out)


def test_a_path_that_is_nothing(eippot: Program, tmp_path: Path) -> None:
    found = eippot("cite", tmp_path / "nothing.extxyz")
    assert (found.code, found.out) == (1, "")
    assert "No structure file" in found.block
    assert eippot("cite").code == 2
