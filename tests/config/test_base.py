"""Configurations are strict, and their errors name the place, the problem and what is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from eippot.config.base import Config, dump_config, read_config
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig
from eippot.errors import ConfigError

MINIMAL = {"data": {"structures": "data.extxyz"}, "output": "run"}
SHORT = {"data.structures": "data.extxyz", "output": "run"}


def _write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_a_minimal_file(tmp_path: Path) -> None:
    found = read_config(FinetuneConfig, _write(tmp_path, MINIMAL))
    assert found.data.structures == Path("data.extxyz")
    assert (found.training.steps, found.training.epochs) == (3000, None)


def test_what_a_section_leaves_out_is_the_default_of_the_stage(tmp_path: Path) -> None:
    given = {"training": {"threads": 1, "schedule": {"warmup": 0.0}}, "loss": {"kernel": "squared"}}
    path = _write(tmp_path, MINIMAL | given)
    pretrain, finetune = read_config(PretrainConfig, path), read_config(FinetuneConfig, path)
    for training in (pretrain.training, finetune.training):
        assert (training.threads, training.schedule.warmup) == (1, 0.0)
    assert pretrain.loss.kernel == finetune.loss.kernel == "squared"
    assert (pretrain.training.steps, pretrain.training.schedule.rate) == (10000, 3e-3)
    assert (finetune.training.steps, finetune.training.schedule.rate) == (3000, 1e-3)
    assert (pretrain.loss.weights.forces, finetune.loss.weights.forces) == (1.0, 0.1)


def test_given_epochs_take_the_place_of_the_steps(tmp_path: Path) -> None:
    training = read_config(PretrainConfig, None, SHORT | {"training.epochs": 5}).training
    assert (training.steps, training.epochs) == (None, 5)
    written = _write(tmp_path, dump_config(read_config(PretrainConfig, None, SHORT)))
    with pytest.raises(ConfigError, match="either `steps` or `epochs`.*got both"):
        read_config(PretrainConfig, written, {"training.epochs": 5})
    with pytest.raises(ConfigError, match="got neither"):
        read_config(PretrainConfig, written, None, {"training.steps": None})


def test_no_file_but_options() -> None:
    assert read_config(FinetuneConfig, None, SHORT | {"training.epochs": 3}).training.epochs == 3


def test_options_win_and_unset_ones_do_not(tmp_path: Path) -> None:
    path = _write(tmp_path, MINIMAL | {"training": {"epochs": 5, "batch_size": 3}})
    found = read_config(FinetuneConfig, path, {"training.epochs": 7, "output": None})
    assert (found.training.epochs, found.training.batch_size) == (7, 3)
    assert found.output == Path("run")


def test_assignments_win_over_everything_with_none(tmp_path: Path) -> None:
    path = _write(tmp_path, MINIMAL | {"pretrained": "somewhere"})
    found = read_config(
        FinetuneConfig,
        path,
        {"output": "option"},
        {"pretrained": None, "output": "assigned", "loss.weak.reference_share": None},
    )
    assert found.pretrained is None
    assert found.output == Path("assigned")
    assert found.loss.weak.reference_share is None


def test_configurations_are_frozen(tmp_path: Path) -> None:
    found = read_config(FinetuneConfig, _write(tmp_path, MINIMAL))
    with pytest.raises(ValueError, match="frozen"):
        found.training.epochs = 3  # type: ignore[misc]


def test_the_dump_reads_back(tmp_path: Path) -> None:
    found = read_config(FinetuneConfig, _write(tmp_path, MINIMAL))
    again = read_config(FinetuneConfig, _write(tmp_path, dump_config(found)))
    assert again == found
    assert "reference_share: 0.5" in dump_config(found)


@pytest.mark.parametrize(
    ("kind", "typo", "place", "known"),
    [
        (FinetuneConfig, {"outptu": 1}, "outptu", "loss, model, output, pretrained"),
        (FinetuneConfig, {"training": {"epoch": 3}}, "training.epoch", "epochs, gradient_clip"),
        (PretrainConfig, {"model": {"chanels": 8}}, "model.chanels", "architecture, channels"),
        (FinetuneConfig, {"model": {"chanels": 8}}, "model.chanels", "architecture, channels"),
        (
            FinetuneConfig,
            {"loss": {"weak": {"wieght": 8}}},
            "loss.weak.wieght",
            "reference_share, scale_by_counts, weight",
        ),
        (
            FinetuneConfig,
            {"training": {"schedule": {"knd": "cosine"}}},
            "training.schedule.knd",
            "final, kind, rate, ratio, warmup",
        ),
    ],
)
def test_typos_name_the_place_and_what_is_known(
    tmp_path: Path, kind: type[Config], typo: dict[str, object], place: str, known: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(kind, _write(tmp_path, MINIMAL | typo))
    assert f"  {place}: unknown name; known here: " in str(caught.value)
    assert known in str(caught.value)
    assert "config.yaml" in str(caught.value)


def test_every_problem_is_listed(tmp_path: Path) -> None:
    content = {
        "data": {"structures": "a.xyz", "validation": 1.5},
        "training": {"epochs": "many", "precision": "float16"},
    }
    with pytest.raises(ConfigError) as caught:
        read_config(FinetuneConfig, _write(tmp_path, content))
    message = str(caught.value)
    assert message.startswith("4 problems in ")
    assert "  data.validation: " in message
    assert "(got 1.5)" in message
    assert "  training.epochs: " in message
    assert "(got 'many')" in message
    assert "  training.precision: Input should be 'float32' or 'float64'" in message
    assert "  output: is required, and missing" in message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No configuration file at"):
        read_config(ClassifyConfig, tmp_path / "absent.yaml")


@pytest.mark.parametrize("content", ["data: [", "a: b: c", "\t- x"])
def test_no_yaml(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match="not readable as YAML"):
        read_config(ClassifyConfig, _write(tmp_path, content))


@pytest.mark.parametrize("content", ["- 1\n- 2\n", "just words\n", "3\n"])
def test_no_mapping(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match="should hold `name: value` entries"):
        read_config(ClassifyConfig, _write(tmp_path, content))


def test_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not readable as YAML"):
        read_config(ClassifyConfig, path)


def test_options_below_a_value(tmp_path: Path) -> None:
    path = _write(tmp_path, {"data": 3})
    with pytest.raises(ConfigError, match="`data` should hold `name: value` entries, got 3"):
        read_config(ClassifyConfig, path, {"data.structures": "a.xyz"})
