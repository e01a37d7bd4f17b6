"""What all configurations share: strictness, reading from YAML, and errors a person can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from eippot.config.yaml_text import parse_yaml
from eippot.errors import ConfigError


class Config(BaseModel):
    """Base of every configuration: frozen, and strict about names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


T = TypeVar("T", bound=Config)


def filled_from(default: T) -> AfterValidator:
    """Entries of a section that are not given are those of ``default``, not those of its class.

    Goes with the section's type, where its default is written, too::

        training: Annotated[TrainingConfig, filled_from(LONG)] = LONG
    """
    return AfterValidator(lambda given: _fill(given, default))


def _fill(given: T, default: T) -> T:
    found = {name: getattr(given, name) for name in given.model_fields_set}
    for name, value in found.items():
        if isinstance(value, Config):
            found[name] = _fill(value, getattr(default, name))
    return default.model_copy(update=found)


def read_config(
    kind: type[T],
    path: Path | None,
    overrides: Mapping[str, object] | None = None,
    assignments: Mapping[str, object] | None = None,
) -> T:
    """Read a YAML file into a configuration.

    Parameters
    ----------
    kind
        The configuration class.
    path
        YAML file; None stands for an empty one (everything from ``overrides`` and defaults).
    overrides
        Values that win over the file, by dotted name: ``{"training.epochs": 3}``. Values of None
        are ignored, so that unset command-line options can be passed as they are.
    assignments
        Values that win over both, None included.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or has an unknown, missing or wrong entry. The message
        lists every problem with its dotted name and the value that was given.
    """
    content = {} if path is None else _read_yaml(path)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    for name, value in (given | dict(assignments or {})).items():
        _set(content, name.split("."), value)
    where = str(path) if path else "the given options"
    hint = "`eippot config template COMMAND` prints a complete, commented configuration file."
    return validate_config(kind, content, where, hint)


def validate_config(kind: type[T], content: Mapping[str, Any], where: str, hint: str = "") -> T:
    """Validate a mapping; raise ConfigError with one line per problem (see read_config)."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        lines = [_describe(kind, problem) for problem in error.errors()]
        raise ConfigError(
            f"{len(lines)} problem{'s' if len(lines) > 1 else ''} in {where}:\n" + "\n".join(lines),
            hint,
        ) from None


def dump_config(config: Config) -> str:
    """Return the complete configuration, defaults included, as YAML."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = parse_yaml(path.read_text())
    except FileNotFoundError:
        raise ConfigError(
            f"No configuration file at {path}.",
            "`eippot config template COMMAND > FILE` writes one.",
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not readable as YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} should hold `name: value` entries, got a {type(content).__name__}."
        )
    return content


def _set(content: dict[str, Any], names: list[str], value: object) -> None:
    for depth, name in enumerate(names[:-1], start=1):
        inner = content.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(
                f"`{'.'.join(names[:depth])}` should hold `name: value` entries, got {inner!r}."
            )
        content = inner
    content[names[-1]] = value


def _describe(kind: type[Config], problem: Mapping[str, Any]) -> str:
    unknown = problem["type"] == "extra_forbidden"
    *place, last = problem["loc"] or ("(top level)",)
    names, models = _follow(kind, place if unknown else problem["loc"])
    name = ".".join([*names, str(last)] if unknown else names) or "(top level)"
    if unknown:
        known = sorted(models[0].model_fields) if models else []
        message = "unknown name" + (f"; known here: {', '.join(known)}" if known else "")
    elif problem["type"] == "missing":
        return f"  {name}: is required, and missing"
    else:
        message = problem["msg"].removeprefix("Value error, ")
    return f"  {name}: {message} (got {_shorten(problem['input'])})"


def _follow(
    kind: type[BaseModel], location: Sequence[str | int]
) -> tuple[list[str], list[type[BaseModel]]]:
    """Names along a location, and which configurations may stand there.

    Where several may, pydantic adds a tag to the location, which is not a name in the file.
    """
    names: list[str] = []
    models = [kind]
    for part in map(str, location):
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        if fields or not models:
            names.append(part)
            models = _models(fields[0].annotation) if fields else []
        else:
            tagged = [m for m in models if any(f.default == part for f in m.model_fields.values())]
            models = tagged or models
    return names, models


def _models(annotation: object) -> list[type[BaseModel]]:
    """The configurations in a type, those in unions included."""
    if not get_args(annotation) and isinstance(annotation, type):  # list[int] is a type to 3.10
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for option in get_args(annotation) for model in _models(option)]


def _shorten(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
