"""What is cited for labelled structures, runs of every stage, exported models and cards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk

from eippot.config.cite import CiteConfig
from eippot.config.deployment import ExportConfig
from eippot.config.stages import FinetuneConfig
from eippot.errors import DataError, EippotError, ModelError
from eippot.stages import cite, export, finetune
from eippot.stages.cite import CiteResult
from eippot.structures.io import write_structures
from tests.citations import strict
from tests.pipeline import Pipeline
from tests.synthetic import SOURCES, training

CARD = """
name: synthetic
description: pair potentials
species: [C, Si]
eips:
  - name: far
    source: "{far}"
    citation: {{authors: J. E. Jones, title: Far, journal: Proc. R. Soc. A, volume: "106",
      pages: "463", year: 1924, doi: 10.1098/rspa.1924.0082}}
"""
ALWAYS = {"shui:2022", "larsen:2017"}
TRAINED = ALWAYS | {"schuett:2018", "ansel:2024", "grigorev:2024"}
#: a network of somebody else's.
NETWORK = """
from eippot.config.model import SchNetConfig
from eippot.models.schnet import SchNet


class MyConfig(SchNetConfig):
    architecture: str


class MyNetwork(SchNet):
    Config = MyConfig
    citation = {citation!r}
"""


def _cite(*paths: Path) -> tuple[CiteResult, set[str]]:
    result = cite.run(CiteConfig(paths=paths))
    found = strict.read("\n\n".join(map(str, result.entries)))
    assert len(found) == len(result.entries)
    return result, set(found)


def _card(folder: Path) -> Path:
    (folder / "card.yaml").write_text(CARD.format(**SOURCES))
    return folder / "card.yaml"


@pytest.fixture
def old_run(pipeline: Pipeline, tmp_path: Path) -> Callable[[str], Path]:
    """A run as earlier versions left them: its card does not name the sources of EIPs."""

    def make(name: str) -> Path:
        folder = tmp_path / "old" / name
        shutil.copytree(pipeline.directory / name, folder)
        card = json.loads((folder / "model.json").read_text())
        del card["provenance"]["eips"]
        (folder / "model.json").write_text(json.dumps(card))
        return folder

    return make


def test_labelled_structures(pipeline: Pipeline, tmp_path: Path) -> None:
    result, keys = _cite(pipeline.labelled, _card(tmp_path))
    assert keys == ALWAYS | {"jones:1924"}
    assert result.missing == (
        f"{SOURCES['twin']}: no citation is known; a card that names it may be given too",
    )


@pytest.mark.parametrize("name", ["pretrained", "classifier", "run"])
def test_a_run_of_every_stage_knows_its_eips(pipeline: Pipeline, tmp_path: Path, name: str) -> None:
    run = pipeline.directory / name
    assert json.loads((run / "model.json").read_text())["provenance"]["eips"] == SOURCES
    result, keys = _cite(run, _card(tmp_path))
    assert keys == TRAINED | {"jones:1924"}
    assert [problem.partition(": ")[0] for problem in result.missing] == [SOURCES["twin"]]


def test_an_exported_model_knows_them_too(pipeline: Pipeline, tmp_path: Path) -> None:
    assert pipeline.export.metadata.eips.splitlines() == list(SOURCES.values())
    result, keys = _cite(pipeline.export.path, _card(tmp_path))
    assert keys == TRAINED | {"jones:1924"}
    assert len(result.missing) == 1


def test_a_training_without_eips_cites_none(pipeline: Pipeline, tmp_path: Path) -> None:
    finetune.run(
        FinetuneConfig.model_validate(
            {
                "data": {"structures": pipeline.labelled},
                "training": training(epochs=1),
                "model": {"architecture": "equivariant", "cutoff": 4.0, "channels": 4},
                "output": tmp_path / "run",
            }
        ),
        progress=False,
    )
    exported = export.run(ExportConfig(runs=(tmp_path / "run",), output=tmp_path / "one.pt"))
    assert exported.metadata.eips == ""
    for path in (tmp_path / "run", tmp_path / "one.pt"):
        result, keys = _cite(path)
        assert keys == ALWAYS | {"batzner:2022", "ansel:2024", "grigorev:2024", "geiger:2022"}
        assert result.missing == ()


@pytest.mark.parametrize("name", ["pretrained", "classifier", "run"])
def test_runs_of_earlier_versions_open_and_say_what_they_do_not_know(
    old_run: Callable[[str], Path], name: str
) -> None:
    result, keys = _cite(old_run(name))
    assert keys == TRAINED
    assert "does not say which EIPs it learnt from" in result.missing[0]


def test_what_is_not_known_stays_unknown(old_run: Callable[[str], Path], tmp_path: Path) -> None:
    exported = export.run(ExportConfig(runs=(old_run("run"),), output=tmp_path / "one.pt"))
    assert exported.metadata.eips == "unknown"
    result, keys = _cite(tmp_path / "one.pt")
    assert keys == TRAINED
    assert "does not say which EIPs" in result.missing[0]


def test_an_exported_file_of_an_earlier_version() -> None:
    path = Path(__file__).parents[2] / "examples" / "lammps" / "silicon.pt"
    result, keys = _cite(path)
    assert keys == TRAINED
    assert "does not say which EIPs" in result.missing[0]


@pytest.mark.parametrize("citation", ["A. Me, My network (2020)", ""])
def test_a_network_of_your_own_is_cited_by_its_own_words(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, citation: str
) -> None:
    module = "my_network_cited" if citation else "my_network_uncited"
    (tmp_path / f"{module}.py").write_text(NETWORK.format(citation=citation))
    monkeypatch.syspath_prepend(str(tmp_path))
    run = tmp_path / "run"
    shutil.copytree(pipeline.directory / "run", run)
    card = json.loads((run / "model.json").read_text())
    card["model"]["architecture"] = f"{module}:MyNetwork"
    (run / "model.json").write_text(json.dumps(card))
    mixed = (pipeline.directory / "run", run)
    export.run(ExportConfig(runs=mixed, output=tmp_path / "two.pt"))
    for path in (run, tmp_path / "two.pt"):
        result, keys = _cite(path)
        assert (f"{module}:MyNetwork" in keys) == bool(citation)
        told = f"architecture {module}:MyNetwork: it names no citation"
        assert (told in result.missing) == (not citation)
        notes = [entry.fields["note"] for entry in result.entries if "note" in entry.fields]
        assert notes == ([citation] if citation else [])


def test_real_eips_with_what_their_authors_ask_for(tmp_path: Path) -> None:
    pytest.importorskip("kimpy")
    sources = {
        "sw": "kim:SW_StillingerWeber_1985_Si__MO_405512056662_005",
        "t2": "kim:Tersoff_LAMMPS_Tersoff_1988T2_Si__MO_245095684871_003",
        "t3": "kim:Tersoff_LAMMPS_Tersoff_1988T3_Si__MO_186459956893_003",
        "vink": "matscipy:StillingerWeber?set=RLC_Vink_JNCS_282_746_Si",
        "spring": "lammps:pair_style zero 5.0; pair_coeff * *?species=[Si]",
        "lost": None,
    }
    atoms = bulk("Si")
    for name, source in sources.items():
        atoms.info[f"eip_{name}_energy"] = 1.0
        if source:
            atoms.info[f"eip_{name}_source"] = source
    write_structures(tmp_path / "in.extxyz", [atoms])
    result, keys = _cite(tmp_path / "in.extxyz")
    dois = [entry.doi for entry in result.entries if entry.doi]
    assert len(set(dois)) == len(dois)
    papers = {"10.1103/physrevb.31.5262", "10.1103/physrevb.37.6991", "10.1103/physrevb.38.9902"}
    assert papers <= set(dois)
    assert {"MO_405512056662_005", "MO_245095684871_003", "MO_186459956893_003"} <= keys
    assert sum(key.startswith("MD_") for key in keys) == 2  # drivers: SW, Tersoff
    assert {"tadmor:elliott:2011", "elliott:tadmor:2011", "thompson:2022"} <= keys
    assert {"RLC_Vink_JNCS_282_746_Si", "grigorev:2024"} <= keys
    assert "EIP lost: where it comes from is not known" in result.missing
    assert any(problem.startswith("lammps:") for problem in result.missing)
    assert len(result.missing) == 2


def test_a_set_by_its_name_and_by_its_path() -> None:
    pytest.importorskip("kimpy")
    result, keys = _cite(Path("silicon"))
    assert {"MO_405512056662_005", "MO_958932894036_002"} <= keys
    assert result.missing == ()
    path = Path(cite.__file__).parents[1] / "eips" / "cards" / "silicon.yaml"
    assert _cite(path)[1] == keys == _cite(path, Path("silicon"))[1]


def test_what_cannot_be_cited(tmp_path: Path, pipeline: Pipeline) -> None:
    write_structures(tmp_path / "dft.extxyz", [Atoms("Si", info={"REF_energy": 1.0})])
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    shutil.copy(pipeline.directory / "run" / "config.yaml", unfinished)
    expected: list[tuple[str, type[EippotError], str]] = [
        ("nowhere.extxyz", DataError, "No structure file"),
        ("dft.extxyz", DataError, "Expected structures with EIP labels"),
        ("unfinished", ModelError, "Expected a trained model"),
        ("nowhere.pt", ModelError, "No exported model"),
        ("nowhere.yaml", EippotError, "nowhere.yaml"),
    ]
    for name, kind, message in expected:
        with pytest.raises(kind, match=message):
            _cite(tmp_path / name)
