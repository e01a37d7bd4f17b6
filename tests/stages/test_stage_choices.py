"""Choices and refusals of the training stages: presets, alignments, what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from ase import Atoms

from eippot.config.base import read_config
from eippot.config.deployment import ExportConfig
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
from eippot.errors import ConfigError, DataError, EippotError, ModelError
from eippot.models.saved import load_card, load_model
from eippot.stages import classify, export, finetune, pretrain
from eippot.structures.io import read_structures, write_structures
from eippot.testing.structures import periodic
from tests.pipeline import Pipeline
from tests.synthetic import TINY_MODEL, training, write_labelled


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "labelled.extxyz"
    return write_labelled(path, n_labelled=10, n_unlabelled=5)


def _base(structures: Path, **changes: object) -> dict[str, Any]:
    return {
        "data": {"structures": structures},
        "training": training(epochs=1),
        "model": TINY_MODEL,
    } | changes


def _finetune(structures: Path, **changes: object) -> finetune.FinetuneResult:
    config = FinetuneConfig.model_validate(_base(structures, **changes))
    return finetune.run(config, progress=False)


def _classify(structures: Path, folder: Path, **changes: object) -> classify.ClassifyResult:
    paths = {"output": folder / "augmented.extxyz", "run": folder / "classifier"}
    config = ClassifyConfig.model_validate(_base(structures, **paths) | changes)
    return classify.run(config, progress=False)


def _pretrain(structures: Path, **changes: object) -> pretrain.PretrainResult:
    config = PretrainConfig.model_validate(_base(structures, **changes))
    return pretrain.run(config, progress=False)


def _paper(stage: str, changes: Mapping[str, object]) -> Any:
    kinds: dict[str, Any] = {
        "classify": ClassifyConfig,
        "pretrain": PretrainConfig,
        "finetune": FinetuneConfig,
    }
    path = Path(str(resources.files("eippot.config") / "templates" / f"{stage}.paper.yaml"))
    small = {f"model.{name}": value for name, value in TINY_MODEL.items()}
    run = {"training.epochs": 2, "training.threads": 1}
    return read_config(kinds[stage], path, {**changes, **small, **run})


def test_the_paper_presets_run(labelled: Path, tmp_path: Path) -> None:
    """With an EIP that has the zero of DFT, since the paper aligns nothing."""
    structures = read_structures(labelled)
    for atoms in structures:
        atoms.info["eip_twin_energy"] = atoms.info["true_energy"] + 0.02 * len(atoms)
    path = tmp_path / "same_zero.extxyz"
    write_structures(path, structures)
    paths = {"data.structures": path, "output": tmp_path / "pretrained"}
    pretrained = pretrain.run(_paper("pretrain", paths), progress=False)
    assert {(a.slope, a.offsets) for a in pretrained.alignments} == {(1.0, (0.0, 0.0))}
    assert "validation_energy_mae" in pretrained.fit.metrics
    assert "validation_forces_mae" not in pretrained.fit.metrics
    paths = {"data.structures": path, "output": tmp_path / "a.extxyz", "run": tmp_path / "c"}
    classified = classify.run(_paper("classify", paths), progress=False)
    assert sum(classified.usage.values()) == 5
    paths = {
        "data.structures": classified.output,
        "output": tmp_path / "run",
        "pretrained": tmp_path / "pretrained",
    }
    finetuned = finetune.run(_paper("finetune", paths), progress=False)
    assert finetuned.weak_labels == 5 - classified.usage["none"]
    assert set(finetuned.fit.metrics) == {"validation_energy_mae", "validation_score"}


def test_a_classifier_without_a_class_is_refused(labelled: Path, tmp_path: Path) -> None:
    """Unaligned, no EIP is near DFT: every structure would be "none"."""
    with pytest.raises(DataError, match="Expected an EIP within 0.1 eV/atom of DFT"):
        _classify(labelled, tmp_path, alignment="none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("head", ["combination", "fresh"])
def test_both_starts_of_the_head(pipeline: Pipeline, tmp_path: Path, head: str) -> None:
    start = {"pretrained": pipeline.directory / "pretrained", "model": None, "head": head}
    rate = {"schedule": {"kind": "constant", "rate": 1e-12}}
    run = _finetune(
        pipeline.labelled, output=tmp_path / "run", training=training(epochs=1, **rate), **start
    )
    pretrained, model = (
        load_model(folder)[1] for folder in (pipeline.directory / "pretrained", tmp_path / "run")
    )
    assert run.training_labels == 21
    name = "heads.layers.0.weight"
    same = torch.allclose(pretrained.state_dict()[name], model.state_dict()[name], atol=1e-6)
    assert same == (head == "combination")


def test_pretraining_needs_no_dft_label_without_alignment(labelled: Path, tmp_path: Path) -> None:
    structures = read_structures(labelled)
    for atoms in structures:
        del atoms.info["true_energy"]
        atoms.info.pop("REF_energy", None)
    write_structures(tmp_path / "eips.extxyz", structures)
    found = _pretrain(tmp_path / "eips.extxyz", output=tmp_path / "run", alignment="none")
    assert found.structures == 17
    with pytest.raises(DataError, match="Expected structures with a DFT energy"):
        _pretrain(tmp_path / "eips.extxyz", output=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_affine_alignment_scales_weak_forces(labelled: Path, tmp_path: Path) -> None:
    structures = read_structures(labelled)
    for atoms in structures:
        atoms.info["eip_twin_energy"] *= 0.5
        atoms.arrays["eip_twin_forces"] *= 0.5
    write_structures(tmp_path / "half.extxyz", structures)
    changes = {"alignment": "affine", "eips": ["twin"], "training": training(epochs=8)}
    found = _classify(tmp_path / "half.extxyz", tmp_path, **changes)
    (twin,) = found.alignments
    assert twin.slope == pytest.approx(2.0, abs=1e-3)
    assert found.usage["twin"] == 5
    for atoms in read_structures(found.output)[10:15]:
        forces = atoms.arrays["weak_forces"]
        np.testing.assert_allclose(forces, 2 * atoms.arrays["eip_twin_forces"], atol=5e-3)


def test_an_eip_without_a_label_is_not_chosen(labelled: Path, tmp_path: Path) -> None:
    structures = read_structures(labelled)
    for atoms in structures[10:15]:
        del atoms.info["eip_twin_energy"]
    write_structures(tmp_path / "some.extxyz", structures)
    found = _classify(tmp_path / "some.extxyz", tmp_path, training=training(epochs=8))
    assert found.usage["twin"] == 0
    assert sum(found.usage.values()) == 5


def test_old_weak_labels_are_replaced(labelled: Path, tmp_path: Path) -> None:
    structures = read_structures(labelled)
    for atoms in structures:
        atoms.info["weak_energy"] = 1e6
        atoms.arrays["weak_forces"] = np.full((len(atoms), 3), 1e6)
    write_structures(tmp_path / "old.extxyz", structures)
    found = _classify(tmp_path / "old.extxyz", tmp_path)
    for atoms in read_structures(found.output):
        assert atoms.info.get("weak_energy", 0.0) < 0.5e6
        assert "weak_forces" not in atoms.arrays or atoms.arrays["weak_forces"].max() < 0.5e6


def test_weak_labels_of_dft_structures_do_not_count(labelled: Path, tmp_path: Path) -> None:
    structures = read_structures(labelled)
    for atoms in structures:
        if "REF_energy" in atoms.info:
            atoms.info["weak_energy"] = 1e6
    write_structures(tmp_path / "odd.extxyz", structures)
    odd = _finetune(tmp_path / "odd.extxyz", output=tmp_path / "odd")
    plain = _finetune(labelled, output=tmp_path / "plain")
    assert odd.fit.metrics == plain.fit.metrics


def test_weak_labels_can_be_left_out(pipeline: Pipeline, tmp_path: Path) -> None:
    found = _finetune(pipeline.classify.output, output=tmp_path / "a", use_weak_labels=False)
    assert found.weak_labels == 0
    plain = _finetune(pipeline.labelled, output=tmp_path / "b")
    assert found.fit.metrics == plain.fit.metrics


@pytest.mark.parametrize("weak_forces", [True, False])
def test_weak_forces_count_if_chosen(pipeline: Pipeline, tmp_path: Path, weak_forces: bool) -> None:
    loss = {"weak": {"forces": weak_forces}}
    _finetune(pipeline.classify.output, output=tmp_path / "run", loss=loss)
    header = (tmp_path / "run" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert "loss_weak_energy" in header
    assert ("loss_weak_forces" in header) == weak_forces


def test_the_same_seed_gives_the_same_potential(labelled: Path, tmp_path: Path) -> None:
    models = []
    for name in ("one", "two"):
        _finetune(labelled, output=tmp_path / name)
        models.append(load_model(tmp_path / name)[1].state_dict())
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_energies_alone_cost_no_forces(labelled: Path, tmp_path: Path) -> None:
    """What no structure is labelled with is as if it weighed nothing."""
    structures = read_structures(labelled)
    for atoms in structures:
        atoms.arrays.pop("REF_forces", None)
    write_structures(tmp_path / "energies.extxyz", structures)
    logs = []
    for weight in (0.1, 0.0):
        output, loss = tmp_path / f"run-{weight}", {"weights": {"forces": weight}}
        _finetune(tmp_path / "energies.extxyz", output=output, loss=loss)
        logs.append((output / "metrics.csv").read_text().splitlines())
    assert "loss_energy" in logs[0][0]
    assert "loss_forces" not in logs[0][0]
    assert logs[0] == logs[1]


def test_float64(labelled: Path, tmp_path: Path) -> None:
    _finetune(labelled, output=tmp_path / "run", training=training(epochs=1, precision="float64"))
    assert load_card(tmp_path / "run").dtype == "float64"
    config = ExportConfig(runs=(tmp_path / "run",), output=tmp_path / "model.pt")
    assert export.run(config).metadata.dtype == "float64"


def test_a_run_directory_is_used_once(pipeline: Pipeline) -> None:
    before = (pipeline.directory / "run" / "model.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="Expected a new run directory"):
        _finetune(pipeline.labelled, output=pipeline.directory / "run")
    assert (pipeline.directory / "run" / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("stage", ["finetune", "classify"])
def test_a_pretrained_model_must_fit(pipeline: Pipeline, tmp_path: Path, stage: str) -> None:
    def run(**changes: object) -> object:
        start = {"pretrained": pipeline.directory / "pretrained", "model": None}
        if stage == "classify":
            return _classify(pipeline.labelled, tmp_path, **(start | changes))
        return _finetune(pipeline.labelled, output=tmp_path / "run", **(start | changes))

    cases: list[tuple[dict[str, object], type[EippotError], str]] = [
        ({"model": {**TINY_MODEL, "channels": 4}}, ConfigError, "Leave `model` out"),
        ({"pretrained": pipeline.directory / "run"}, ConfigError, "run of `eippot pretrain`"),
        ({"pretrained": tmp_path / "absent"}, ModelError, "Expected a trained model in"),
    ]
    for changes, error, message in cases:
        with pytest.raises(error) as caught:
            run(**changes)
        assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_element_that_was_not_pretrained(pipeline: Pipeline, tmp_path: Path) -> None:
    other = periodic()
    other.symbols[0] = "Ge"
    structures = [*read_structures(pipeline.labelled), other]
    write_structures(tmp_path / "ge.extxyz", structures)
    for stage in (_finetune, _classify):
        arguments = (tmp_path,) if stage is _classify else ()
        with pytest.raises(DataError, match="Expected only C, Si, which .* got Ge in"):
            stage(
                tmp_path / "ge.extxyz",
                *arguments,
                output=tmp_path / "run",
                pretrained=pipeline.directory / "pretrained",
                model=None,
            )


@pytest.mark.parametrize("name", ["pretrained", "classifier"])
def test_only_potentials_are_exported(pipeline: Pipeline, tmp_path: Path, name: str) -> None:
    config = ExportConfig(runs=(pipeline.directory / name,), output=tmp_path / "model.pt")
    with pytest.raises(ModelError, match="Expected a run of `eippot finetune` in"):
        export.run(config)
    assert not (tmp_path / "model.pt").exists()


def test_unknown_eip(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Expected EIPs among far, twin, got sw"):
        _pretrain(labelled, output=tmp_path / "run", eips=["sw"])


def test_no_eip_label(tmp_path: Path) -> None:
    atoms: list[Atoms] = [periodic() for _ in range(4)]
    for index, structure in enumerate(atoms):
        structure.rattle(0.1, seed=index)
        structure.info["REF_energy"] = -600.0
    write_structures(tmp_path / "dft.extxyz", atoms)
    with pytest.raises(DataError, match="Run `eippot label` on the file first"):
        _pretrain(
            tmp_path / "dft.extxyz", output=tmp_path / "run", reference_energies={"Si": -1, "C": -1}
        )


def test_the_configuration_is_left_as_it_was_used(pipeline: Pipeline) -> None:
    content = yaml.safe_load((pipeline.directory / "run" / "config.yaml").read_text())
    assert content["training"]["epochs"] == 3
    assert content["training"]["gradient_clip"] == 5.0
