"""stack: weak labels from all EIPs at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot.config.data import DataConfig
from eippot.config.stages import StackConfig
from eippot.data.preparation import prepare
from eippot.errors import ConfigError, DataError
from eippot.properties import FORCES
from eippot.stages import stack
from eippot.stages.blending import blend
from eippot.stages.stacks import FittedStack, StackLabels
from eippot.structures.io import read_structures, write_structures
from tests.pipeline import Pipeline
from tests.synthetic import labelled_structures, training


def _stack(
    pipeline: Pipeline, folder: Path, structures: list[Atoms] | None = None, **changes: object
) -> tuple[stack.StackResult, list[Atoms]]:
    """Run the stage on structures, and return what it wrote as well."""
    path = folder / "in.extxyz"
    write_structures(path, labelled_structures() if structures is None else structures)
    values = {
        "data": {"structures": path},
        "output": folder / "stacked.extxyz",
        "pretrained": pipeline.directory / "pretrained",
    }
    found = stack.run(StackConfig.model_validate(values | changes), progress=False)
    return found, read_structures(found.output)


def test_the_stack_is_near_dft(pipeline: Pipeline, tmp_path: Path) -> None:
    """``twin`` is DFT with another zero, which the stack must find; ``far`` says nothing."""
    found, structures = _stack(pipeline, tmp_path, keep=1.0)
    weak = [a for a in structures if "weak_energy" in a.info]
    assert (found.weak_labels, found.unlabelled, len(weak)) == (12, 12, 12)
    wrong = [(a.info["weak_energy"] - a.info["true_energy"]) / len(a) for a in weak]
    spread = np.std([a.info["true_energy"] / len(a) for a in weak])
    assert np.mean(np.abs(wrong)) < 0.15 * spread
    assert found.errors["stack"] < found.errors["far"]
    assert {a.info["weak_eip"] for a in weak} == {"stack"}


def test_the_surest_are_kept(pipeline: Pipeline, tmp_path: Path) -> None:
    _, everything = _stack(pipeline, tmp_path, keep=1.0)
    found, some = _stack(pipeline, tmp_path, keep=0.5)
    stds = {a.info["n"]: a.info["weak_std"] for a in everything if "weak_std" in a.info}
    kept = {a.info["n"] for a in some if "weak_energy" in a.info}
    assert kept == set(sorted(stds, key=lambda n: stds[n])[:6])
    assert found.largest_std == pytest.approx(max(stds[n] for n in kept))


def test_dft_labels_for_validation_are_not_used(pipeline: Pipeline, tmp_path: Path) -> None:
    structures = labelled_structures()
    one, before = _stack(pipeline, tmp_path, structures)
    assert one.validation_labels == 5
    data = prepare(DataConfig(structures=tmp_path / "in.extxyz"), {})
    held_out = {atoms.info["n"] for atoms in data.validation}
    for atoms in structures:
        if atoms.info.get("n") in held_out:
            atoms.info["REF_energy"] += 3.0 * len(atoms)
    other, after = _stack(pipeline, tmp_path, structures)
    assert other.errors["stack"] > one.errors["stack"] + 1
    for a, b in zip(before, after, strict=True):
        assert a.info.get("weak_energy") == b.info.get("weak_energy")


def test_a_structure_without_all_eips_gets_no_label(pipeline: Pipeline, tmp_path: Path) -> None:
    structures = labelled_structures()
    for atoms in structures[24:30]:
        del atoms.info["eip_far_energy"]
    found, written = _stack(pipeline, tmp_path, structures, keep=1.0)
    assert (found.weak_labels, found.unlabelled) == (6, 12)
    assert all("weak_energy" not in atoms.info for atoms in written[24:30])
    without, _ = _stack(pipeline, tmp_path, structures, keep=1.0, eips=["twin"])
    assert without.weak_labels == 12


def test_old_weak_labels_are_replaced(pipeline: Pipeline, tmp_path: Path) -> None:
    structures = labelled_structures()
    for atoms in structures:
        atoms.info["weak_energy"] = 1e6
        atoms.arrays["weak_forces"] = np.full((len(atoms), 3), 1e6)
    _, written = _stack(pipeline, tmp_path, structures)
    for atoms in written:
        assert atoms.info.get("weak_energy", 0.0) < 1e5
        assert "weak_forces" not in atoms.arrays
        assert not ("REF_energy" in atoms.info and "weak_energy" in atoms.info)


def test_a_combination_labels_energies_forces_and_stress(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """Of ``twin`` nearly alone, without a pretrained network."""
    found, structures = _stack(pipeline, tmp_path, method="combination", pretrained=None, keep=1.0)
    weak = [a for a in structures if "weak_energy" in a.info]
    assert found.weak_labels == len(weak) == 12
    assert found.errors["stack"] < 0.01 < found.errors["far"]
    assert 0.0 < found.largest_std < 0.1
    for atoms in weak:
        assert atoms.info["weak_energy"] == pytest.approx(atoms.info["true_energy"], abs=0.1)
        wrong = np.abs(atoms.arrays["weak_forces"] - atoms.arrays["eip_twin_forces"])
        assert wrong.max() < 0.1
        assert ("weak_stress" in atoms.info) == bool(atoms.pbc.all())


def test_a_network_corrects_the_combination(pipeline: Pipeline, tmp_path: Path) -> None:
    """Of ``far`` alone, which says little."""
    plain, _ = _stack(pipeline, tmp_path, method="combination", eips=["far"], keep=1.0)
    settings = training(epochs=200, batch_size=2, patience=200)
    delta = {"run": tmp_path / "delta", "training": settings}
    found, structures = _stack(
        pipeline, tmp_path, method="delta", eips=["far"], keep=1.0, delta=delta
    )
    assert found.errors["stack"] < 0.5 * plain.errors["stack"]
    weak = [a for a in structures if "weak_energy" in a.info]
    assert len(weak) == 12
    off = {
        key: np.mean([np.abs(a.arrays[key] - a.arrays["eip_twin_forces"]).mean() for a in weak])
        for key in ("weak_forces", "eip_far_forces")
    }
    assert off["weak_forces"] < 0.5 * off["eip_far_forces"]
    assert 0.0 < found.largest_std < 1.0
    assert (tmp_path / "delta" / "model.safetensors").exists()


def test_a_blend_listens_to_who_is_right(pipeline: Pipeline, tmp_path: Path) -> None:
    """To those that know ``twin``, not to a network which is hardly trained."""
    run = pipeline.directory / "run"
    found, structures = _stack(pipeline, tmp_path, method="blend", runs=[run], keep=1.0)
    kinds = ["process", "combination", str(run)]
    energy, derivatives = (
        [getattr(found.shares[kind], of) for kind in kinds] for of in ("energy", "derivatives")
    )
    assert sum(energy) == pytest.approx(1.0)
    assert 0.0 <= energy[2] < 0.02  # of few structures it may be right about one
    np.testing.assert_allclose(derivatives, [0.0, 1.0, 0.0], atol=0.02)
    assert found.shares["process"].forces_error is None
    weak = [a for a in structures if "weak_energy" in a.info]
    for atoms in weak:
        assert atoms.info["weak_energy"] == pytest.approx(atoms.info["true_energy"], abs=0.2)
        assert np.abs(atoms.arrays["weak_forces"] - atoms.arrays["eip_twin_forces"]).max() < 0.2
        assert ("weak_stress" in atoms.info) == bool(atoms.pbc.all())
    assert len(weak) == 12


def test_errors_that_cancel_are_blended() -> None:
    """One is too high by 0.2 eV/atom, the other too low by 0.1: a third of the first.

    Of a third one the errors change from structure to structure.
    """
    structures = [a for a in labelled_structures() if len(a) > 1 and "REF_energy" in a.info]

    def wrong(constant: float, random: float = 0.0) -> FittedStack:
        def said(asked: Sequence[Atoms]) -> StackLabels:
            off = np.random.default_rng(0).normal(constant, random, len(asked))
            both = list(zip(asked, off, strict=True))
            energies = [a.info["REF_energy"] + by * len(a) for a, by in both]
            forces = [{FORCES: a.arrays["REF_forces"] + by} for a, by in both]
            return StackLabels(np.array(energies), np.zeros(len(asked)), forces)

        return said

    found = blend({"high": wrong(0.2), "low": wrong(-0.1), "absurd": wrong(0.0, 9.0)}, structures)
    assert found.shares["high"].energy == pytest.approx(1 / 3, abs=0.01)
    assert found.shares["low"].derivatives == pytest.approx(2 / 3, abs=0.05)
    assert found.shares["absurd"].energy == 0.0
    assert found.shares["high"].energy_error == pytest.approx(0.2)
    labels = found(structures)
    np.testing.assert_allclose(
        labels.energies, [a.info["REF_energy"] for a in structures], atol=0.05
    )
    np.testing.assert_allclose(labels.deviations, 0.02**0.5, rtol=0.02)


def test_forces_that_dft_does_not_tell_go_by_energies() -> None:
    """Of the members that know them."""
    structures = [a.copy() for a in labelled_structures() if len(a) > 1 and "REF_energy" in a.info]
    for atoms in structures:
        del atoms.arrays["REF_forces"]

    def off(by: float, forces: float | None = None) -> FittedStack:
        def said(asked: Sequence[Atoms]) -> StackLabels:
            energies = [a.info["REF_energy"] + by * len(a) for a in asked]
            known = [
                {} if forces is None else {FORCES: np.full((len(a), 3), forces)} for a in asked
            ]
            return StackLabels(np.array(energies), np.zeros(len(asked)), known)

        return said

    members = {"right": off(0.0), "high": off(0.2, 1.0), "low": off(-0.1, 4.0)}
    found = blend(members, structures)
    assert found.shares["right"].energy == pytest.approx(1.0, abs=1e-6)
    derivatives = [found.shares[name].derivatives for name in members]
    np.testing.assert_allclose(derivatives, [0.0, 1 / 3, 2 / 3], atol=1e-6)
    assert found.shares["low"].forces_error is None
    for one in found(structures).derivatives:
        np.testing.assert_allclose(one[FORCES], 3.0, atol=1e-5)


def test_a_blend_needs_structures_to_be_weighed_by() -> None:
    with pytest.raises(DataError, match="which tell the shares of a blend"):
        blend({}, [])


def test_a_combination_asks_for_no_network(pipeline: Pipeline, tmp_path: Path) -> None:
    """Though the template names one."""
    found, _ = _stack(pipeline, tmp_path, method="combination", pretrained=tmp_path / "none")
    assert found.weak_labels > 0


@pytest.mark.parametrize("method", ["process", "combination"])
def test_nothing_to_label_is_fine(pipeline: Pipeline, tmp_path: Path, method: str) -> None:
    structures = [a for a in labelled_structures() if "REF_energy" in a.info]
    found, written = _stack(pipeline, tmp_path, structures, method=method)
    assert (found.weak_labels, found.unlabelled, len(written)) == (0, 0, 26)


def test_a_pretrained_run_is_needed(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Expected a run of `eippot pretrain` \(`pretrained`\)"):
        _stack(pipeline, tmp_path, pretrained=None)


def test_a_few_labels_are_too_few(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Expected at least 10 training structures"):
        _stack(pipeline, tmp_path, labelled_structures(n_labelled=8, n_unlabelled=4))
    assert not (tmp_path / "stacked.extxyz").exists()
