"""pretrain → classify → finetune → export on a set whose right answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from ase import Atoms

from eippot import EippotCalculator
from eippot.config.data import DataConfig
from eippot.data.preparation import prepare
from eippot.models.saved import load_card, load_model
from eippot.models.schnet import SchNet
from eippot.stages import export
from eippot.structures.io import has_reference_energy, read_structures
from eippot.structures.splits import set_hash, split_labelled
from tests.pipeline import Pipeline
from tests.synthetic import ISOLATED, TWIN_OFFSET


def _summary(directory: Path) -> dict[str, Any]:
    found = yaml.safe_load((directory / "summary.yaml").read_text())
    assert isinstance(found, dict)
    return found


def _augmented(pipeline: Pipeline) -> list[Atoms]:
    return read_structures(pipeline.classify.output)


def _split(pipeline: Pipeline) -> tuple[Sequence[Atoms], Sequence[Atoms]]:
    structures = [a for a in read_structures(pipeline.labelled) if has_reference_energy(a)]
    return split_labelled(structures, 0.2, 0)


def test_the_zero_of_energy_is_that_of_the_isolated_atoms(pipeline: Pipeline) -> None:
    assert pipeline.finetune.reference_energies == ISOLATED


def test_summaries_tell_of_doubtful_labels(pipeline: Pipeline) -> None:
    for directory, result in (
        (pipeline.pretrain.directory, pipeline.pretrain),
        (pipeline.classify.directory, pipeline.classify),
        (pipeline.finetune.directory, pipeline.finetune),
    ):
        assert _summary(directory)["warnings"] == [str(finding) for finding in result.findings]


def test_alignments_are_recovered(pipeline: Pipeline) -> None:
    for result in (pipeline.pretrain, pipeline.classify):
        far, twin = result.alignments
        assert (far.source, twin.source) == ("far", "twin")
        np.testing.assert_allclose(twin.offsets, [TWIN_OFFSET["C"], TWIN_OFFSET["Si"]], atol=1e-5)
        assert twin.mae_per_atom < 1e-5 < 0.1 < far.mae_per_atom


def test_alignment_sees_no_validation_structure(pipeline: Pipeline) -> None:
    training, _ = _split(pipeline)
    assert {a.count for a in pipeline.pretrain.alignments} == {len(training)}
    assert {a.count for a in pipeline.classify.alignments} == {len(training)}


def test_the_split_is_the_same_in_all_stages(pipeline: Pipeline) -> None:
    training, validation = _split(pipeline)
    for name in ("pretrained", "classifier", "run"):
        summary = _summary(pipeline.directory / name)
        assert summary["validation_hash"] == set_hash(validation)
        assert summary["training_hash"] == set_hash(training)


def test_classify_writes_all_structures_in_order(pipeline: Pipeline) -> None:
    before, after = read_structures(pipeline.labelled), _augmented(pipeline)
    assert [a.info.get("n") for a in before] == [a.info.get("n") for a in after]
    for old, new in zip(before, after, strict=True):
        assert set(old.info) <= set(new.info)
        assert set(old.arrays) <= set(new.arrays)
        assert old.info.get("REF_energy") == new.info.get("REF_energy")
        np.testing.assert_allclose(old.positions, new.positions, atol=1e-8)


def test_dft_structures_get_no_weak_label(pipeline: Pipeline) -> None:
    for atoms in _augmented(pipeline):
        weak = [key for key in (*atoms.info, *atoms.arrays) if key.startswith("weak_")]
        assert bool(weak) != has_reference_energy(atoms)


def test_weak_labels_are_aligned_eip_labels(pipeline: Pipeline) -> None:
    """Those from ``twin`` equal what DFT would have said; none is without its EIP's name."""
    chosen = [a for a in _augmented(pipeline) if "weak_energy" in a.info]
    alignments = {a.source: a for a in pipeline.classify.alignments}
    assert sum(a.info["weak_eip"] == "twin" for a in chosen) >= 6
    for atoms in chosen:
        name = atoms.info["weak_eip"]
        symbols = atoms.get_chemical_symbols()
        counts = np.array([symbols.count("C"), symbols.count("Si")], dtype=float)
        aligned = atoms.info[f"eip_{name}_energy"] + counts @ alignments[name].offsets
        assert atoms.info["weak_energy"] == pytest.approx(aligned, abs=1e-6)
        np.testing.assert_array_equal(
            atoms.arrays["weak_forces"], atoms.arrays[f"eip_{name}_forces"]
        )
        assert 1 / 3 <= atoms.info["weak_probability"] <= 1
        if name == "twin":
            assert atoms.info["weak_energy"] == pytest.approx(atoms.info["true_energy"], abs=1e-3)


def test_usage_counts_the_choices(pipeline: Pipeline) -> None:
    names = [a.info["weak_eip"] for a in _augmented(pipeline) if "weak_eip" in a.info]
    usage = pipeline.classify.usage
    assert usage == {name: names.count(name) for name in ("far", "twin", "none")}
    assert sum(usage.values()) == 12
    assert pipeline.finetune.weak_labels == usage["far"] + usage["twin"]


def test_the_confusion_matrix_counts_validation_structures(pipeline: Pipeline) -> None:
    assert pipeline.classify.confusion.shape == (3, 3)
    assert pipeline.classify.confusion.sum() == len(_split(pipeline)[1])
    assert pipeline.classify.classes == ["far", "twin", "none"]
    accuracy = pipeline.classify.fit.metrics["validation_accuracy"]
    right = pipeline.classify.confusion.trace() / pipeline.classify.confusion.sum()
    assert accuracy == pytest.approx(right)


def test_finetune_counts_labels(pipeline: Pipeline) -> None:
    result = pipeline.finetune
    assert result.label_counts["REF_energy"] == 26
    assert result.label_counts["REF_forces"] == 26
    assert result.label_counts["REF_stress"] == 16
    assert result.training_labels + result.validation_labels == 26
    assert result.validation_labels == round(0.2 * 24)


def test_finetune_starts_from_the_pretrained_model(pipeline: Pipeline) -> None:
    card, pretrained = (
        load_card(pipeline.directory / "run"),
        load_card(pipeline.directory / "pretrained"),
    )
    assert card.model == pretrained.model
    assert card.average_neighbors == pretrained.average_neighbors
    assert card.outputs == ("dft",)
    assert pretrained.outputs == ("far", "twin")
    assert card.provenance["pretrained"] == str(pipeline.directory / "pretrained")


def test_metrics_are_those_of_the_model_that_is_left(pipeline: Pipeline) -> None:
    """Reported validation errors, reckoned again through the exported file and ASE."""
    calculator = EippotCalculator(pipeline.export.path)
    energies, forces = [], []
    for atoms in _split(pipeline)[1]:
        atoms.calc = calculator
        energies.append(abs(atoms.get_potential_energy() - atoms.info["REF_energy"]) / len(atoms))
        forces.append(np.abs(atoms.get_forces() - atoms.arrays["REF_forces"]).ravel())
    metrics = pipeline.finetune.fit.metrics
    assert metrics["validation_energy_mae_per_atom"] == pytest.approx(
        1000 * np.mean(energies), rel=1e-3
    )
    assert metrics["validation_forces_mae"] == pytest.approx(
        1000 * np.concatenate(forces).mean(), rel=1e-3
    )
    assert metrics["validation_stress_mae"] > 0


def test_summaries_tell_what_was_used(pipeline: Pipeline) -> None:
    summary = _summary(pipeline.directory / "run")
    assert summary["validation"] == pytest.approx(pipeline.finetune.fit.metrics)
    assert summary["weak_labels"] == pipeline.finetune.weak_labels
    assert summary["labels_in_file"]["REF_stress"] == 16
    assert summary["epochs"] == 3
    assert _summary(pipeline.directory / "classifier")["usage"] == pipeline.classify.usage


def test_run_directories_hold_what_they_announce(pipeline: Pipeline) -> None:
    expected = {"config.yaml", "metrics.csv", "model.safetensors", "model.json", "summary.yaml"}
    for name in ("pretrained", "classifier", "run"):
        found = {p.name for p in (pipeline.directory / name).iterdir()}
        assert found == expected | {"checkpoints"}


def test_the_exported_file_says_where_it_comes_from(pipeline: Pipeline) -> None:
    metadata = pipeline.export.metadata
    assert metadata.species == ["C", "Si"]
    assert (metadata.cutoff, metadata.interaction_range, metadata.n_exchanges) == (4.0, 8.0, 1)
    assert metadata.dtype == "float32"
    assert metadata.citation == f"{export.METHOD}; {SchNet.citation}"


def test_the_exported_model_is_the_trained_one(pipeline: Pipeline) -> None:
    calculator = EippotCalculator(pipeline.export.path)
    assert calculator.get_potential_energy(Atoms("Si")) == pytest.approx(ISOLATED["Si"])
    _, model = load_model(pipeline.directory / "run")
    exported = dict(calculator.model.named_parameters(prefix=""))
    for name, value in model.named_parameters():
        assert torch.equal(exported[f"potential.{name}"], value)


def test_prepared_weak_structures_are_unseen_by_validation(pipeline: Pipeline) -> None:
    data = prepare(DataConfig(structures=pipeline.classify.output), {})
    seen = {a.info.get("n") for a in (*data.training, *data.weak)}
    assert not seen & {a.info["n"] for a in data.validation}
