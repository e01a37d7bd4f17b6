"""Every template is complete, valid, and tells the defaults."""

from __future__ import annotations

from importlib import resources
from typing import Any, cast

import pytest
import yaml
from pydantic import BaseModel

from eippot.config.base import Config, validate_config
from eippot.config.label import LabelConfig
from eippot.config.model import BUILT_IN
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig, StackConfig
from eippot.config.templates import template as template_of
from eippot.errors import ConfigError

KINDS: dict[str, type[Config]] = {
    "label": LabelConfig,
    "classify": ClassifyConfig,
    "pretrain": PretrainConfig,
    "stack": StackConfig,
    "finetune": FinetuneConfig,
}
FOLDER = resources.files("eippot.config") / "templates"
TEMPLATES = sorted(
    path.name.removesuffix(".yaml") for path in FOLDER.iterdir() if path.name.endswith(".yaml")
)

#: where a default template differs from the defaults of the program, on purpose: paths that have
#: no default, and what is there to be edited.
DIFFERENCES = {
    "label": {"input", "output", "sets", "eips"},
    "classify": {"data", "output", "run", "model"},
    "pretrain": {"data", "output"},
    "stack": {"data", "output", "pretrained"},
    "finetune": {"data", "output", "model"},
}


def _content(template: str) -> dict[str, Any]:
    content = yaml.safe_load((FOLDER / f"{template}.yaml").read_text())
    assert isinstance(content, dict)
    return content


def _kind(template: str) -> type[Config]:
    return KINDS[template.split(".")[0]]


def _names(kind: type[BaseModel], prefix: str = "") -> set[str]:
    """Dotted names of all entries of a configuration, nested ones included."""
    found: set[str] = set()
    for name, field in kind.model_fields.items():
        nested = _nested(field.annotation)
        found |= _names(nested, f"{prefix}{name}.") if nested else {prefix + name}
    return found


def _nested(annotation: object) -> type[BaseModel] | None:
    options = getattr(annotation, "__args__", (annotation,))
    models = [a for a in options if isinstance(a, type) and issubclass(a, BaseModel)]
    return models[0] if models else None


def _flat(content: dict[str, Any], names: set[str], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in content.items():
        name = prefix + key
        inner = isinstance(value, dict) and name not in names
        found |= _flat(value, names, f"{name}.") if inner else {name: value}
    return found


def test_every_command_has_a_template() -> None:
    assert set(KINDS) <= set(TEMPLATES)
    assert set(TEMPLATES) - set(KINDS) == {"classify.paper", "pretrain.paper", "finetune.paper"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_are_valid(template: str) -> None:
    validate_config(_kind(template), _content(template), template)


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_hold_every_entry(template: str) -> None:
    names = _names(_kind(template))
    assert set(_flat(_content(template), names)) == names


@pytest.mark.parametrize("template", KINDS)
def test_templates_tell_the_defaults(template: str) -> None:
    given = validate_config(_kind(template), _content(template), template)
    required = {
        name: getattr(given, name)
        for name, field in _kind(template).model_fields.items()
        if field.is_required()
    }
    defaults = _kind(template).model_validate(required)
    one, other = (_flat(c.model_dump(), set()) for c in (given, defaults))
    differing = {name for name in one | other if one.get(name) != other.get(name)}
    assert {_place(name, DIFFERENCES[template]) for name in differing} <= DIFFERENCES[template]


def _place(name: str, allowed: set[str]) -> str:
    """The name, or the allowed one that it stands below."""
    return next((a for a in allowed if name == a or name.startswith(f"{a}.")), name)


@pytest.mark.parametrize("stage", ["classify", "pretrain", "finetune"])
def test_the_default_model_is_that_of_the_templates(stage: str) -> None:
    assert _content(stage)["model"] == PretrainConfig.model_fields["model"].default.model_dump()
    assert template_of(stage, model="soapnet") == template_of(stage)


@pytest.mark.parametrize("model", BUILT_IN)
@pytest.mark.parametrize("stage", ["classify", "pretrain", "finetune"])
def test_every_architecture_has_a_template(stage: str, model: str) -> None:
    """It tells every option of the architecture with its default, and changes nothing else."""
    content = yaml.safe_load(template_of(stage, model=model))
    validate_config(KINDS[stage], content, model)
    assert content.pop("model") == BUILT_IN[model](architecture=model).model_dump()
    expected = _content(stage)
    del expected["model"]
    assert content == expected


def test_there_is_no_template_of_an_unknown_model_or_preset() -> None:
    for wrong in ({"model": "foo"}, {"preset": "fast"}):
        with pytest.raises(ConfigError, match="There is no"):
            template_of("finetune", **cast(dict[str, Any], wrong))
    with pytest.raises(ConfigError, match="There is no template of `label`"):
        template_of("label", model="schnet")


@pytest.mark.parametrize("suffix", ["", ".paper"])
def test_all_stages_split_alike(suffix: str) -> None:
    """Else alignment and pretraining would see DFT labels that finetune validates on."""
    splits = set()
    for stage in ("classify", "pretrain", "finetune"):
        data = _content(stage + suffix)["data"]
        splits.add((data["validation"], data["seed"]))
    assert len(splits) == 1


@pytest.mark.parametrize("stage", ["pretrain", "finetune"])
def test_the_paper_uses_total_energies_alone(stage: str) -> None:
    loss = _content(f"{stage}.paper")["loss"]
    assert loss["weights"] == {"energy": 1.0, "forces": 0.0, "stress": 0.0}
    assert loss["per_atom"] is False


def test_the_settings_of_the_paper() -> None:
    content = _content("finetune.paper")
    assert content["loss"]["weak"]["kernel"] == "tukey"
    assert content["loss"]["weak"]["scale_by_counts"] is True
    assert content["training"]["schedule"]["kind"] == "linear"
    for stage in ("pretrain.paper", "classify.paper"):
        training = _content(stage)["training"]
        assert _content(stage)["alignment"] == "none"
        assert training["schedule"]["kind"] == "slanted_triangular"
        assert (training["batch_size"], training["gradient_clip"]) == (32, 5.0)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_entry_is_described(kind: type[Config]) -> None:
    def undescribed(model: type[BaseModel], prefix: str = "") -> list[str]:
        missing = []
        for name, field in model.model_fields.items():
            nested = _nested(field.annotation)
            if nested:
                missing += undescribed(nested, f"{prefix}{name}.")
            elif not field.description and name != "architecture":
                missing.append(prefix + name)
        return missing

    assert undescribed(kind) == []
