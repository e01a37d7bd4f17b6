"""A model on disk: the same bits again, or an error that tells what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from eippot.errors import ModelError
from eippot.models.potential import Classifier, Potential
from eippot.models.saved import (
    CARD,
    WEIGHTS,
    ModelCard,
    build_classifier,
    build_potential,
    load_model,
    save_model,
)
from eippot.testing.structures import REFERENCE_ENERGIES, SPECIES
from tests.networks import SMALL

Kind = Literal["potential", "pretrained", "classifier"]


def _card(kind: Kind = "potential", dtype: str = "float32", outputs: int = 1) -> ModelCard:
    return ModelCard.model_validate(
        {
            "kind": kind,
            "model": SMALL,
            "species": SPECIES,
            "reference_energies": REFERENCE_ENERGIES,
            "average_neighbors": 17.3,
            "scale": 2.5,
            "outputs": [f"output {i}" for i in range(outputs)],
            "dtype": dtype,
            "provenance": {"split": "abc", "count": 3},
        }
    )


def _saved(directory: Path) -> Path:
    save_model(directory, _card(), build_potential(_card()))
    return directory


def _change_card(directory: Path, **changes: Any) -> None:
    path = directory / CARD
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "outputs", "expected"),
    [("potential", 1, Potential), ("pretrained", 3, Potential), ("classifier", 4, Classifier)],
)
def test_round_trip(tmp_path: Path, kind: Kind, outputs: int, expected: type, dtype: str) -> None:
    card = _card(kind, dtype, outputs)
    model = build_classifier(card) if kind == "classifier" else build_potential(card)
    save_model(tmp_path, card, model)
    found, again = load_model(tmp_path)
    assert found == card
    assert isinstance(again, expected)
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {v.dtype for v in after.values()} == {getattr(torch, dtype)}


def test_the_number_of_neighbors_is_part_of_the_model(tmp_path: Path) -> None:
    """It is not among the weights, and changes results all the same."""
    _saved(tmp_path)
    _, one = load_model(tmp_path)
    _change_card(tmp_path, average_neighbors=4.0)
    _, other = load_model(tmp_path)
    inputs = torch.tensor([0, 1]), torch.tensor([[0, 1], [1, 0]]), torch.tensor([[1.0, 1, 1]] * 2)
    assert not torch.equal(one(*inputs), other(*inputs))


def test_the_core_is_part_of_the_model(tmp_path: Path) -> None:
    """A card without the option, as older ones are, means none."""
    inputs = torch.tensor([0, 1]), torch.tensor([[0, 1], [1, 0]]), torch.tensor([[0.9, 0, 0]] * 2)
    energies = []
    _saved(tmp_path)
    for core in ("zbl", "none", None):
        model = {**SMALL.model_dump(), "core": core}
        _change_card(tmp_path, model={name: value for name, value in model.items() if value})
        energies.append(load_model(tmp_path)[1](*inputs).sum().item())
    with_core, without, by_default = energies
    assert with_core > without + 10.0
    assert without == by_default


def test_neither_file_can_hold_code(tmp_path: Path) -> None:
    _saved(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [CARD, WEIGHTS]
    assert json.loads((tmp_path / CARD).read_text())["format_version"] == 1


def test_others_may_read_both_files(tmp_path: Path) -> None:
    """As far as the user's umask lets them."""
    _saved(tmp_path)
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    (tmp_path / "any").touch()
    assert modes == {(tmp_path / "any").stat().st_mode & 0o777}


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Expected a trained model in .*absent.*no model\.json"):
        load_model(tmp_path / "absent")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\udcff"])
def test_damaged_card(tmp_path: Path, content: str) -> None:
    (_saved(tmp_path) / CARD).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ModelError, match=r"model\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 2}, "Expected format version 1 .* got 2"),
        ({"format_version": None}, "Expected format version 1 .* got None"),
        ({"species": []}, "species"),
        ({"kind": "sorcerer"}, "kind"),
        ({"from_the_future": 1}, "from_the_future"),
    ],
)
def test_cards_that_do_not_fit(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    _saved(tmp_path)
    _change_card(tmp_path, **changes)
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path)


def test_missing_field(tmp_path: Path) -> None:
    path = _saved(tmp_path) / CARD
    content = json.loads(path.read_text())
    del content["average_neighbors"]
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="average_neighbors"):
        load_model(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage"])
def test_damaged_weights(tmp_path: Path, damage: str) -> None:
    path = _saved(tmp_path) / WEIGHTS
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        kept = {"empty": b"", "cut": content[:-40], "garbage": b"\x80\x04" + content}
        path.write_bytes(kept[damage])
    with pytest.raises(ModelError, match=r"model\.safetensors is missing, damaged or does not fit"):
        load_model(tmp_path)


def test_weights_of_another_model(tmp_path: Path) -> None:
    _saved(tmp_path)
    _change_card(tmp_path, model={**SMALL.model_dump(), "channels": 16})
    with pytest.raises(ModelError, match="does not fit"):
        load_model(tmp_path)
