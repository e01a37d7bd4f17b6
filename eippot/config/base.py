"""What all configurations share: strictness, reading from YAML, and errors a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from eippot.errors import ConfigError


class Config(BaseModel):
    """Base of every configuration: frozen, and strict about names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


T = TypeVar("T", bound=Config)


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
        content = yaml.safe_load(path.read_text())
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
    name = ".".join(str(part) for part in problem["loc"]) or "(top level)"
    if problem["type"] == "extra_forbidden":
        known = _known_names(kind, problem["loc"][:-1])
        message = "unknown name" + (f"; known here: {', '.join(known)}" if known else "")
    elif problem["type"] == "missing":
        return f"  {name}: is required, and missing"
    else:
        message = problem["msg"].removeprefix("Value error, ")
    return f"  {name}: {message} (got {_shorten(problem['input'])})"


def _known_names(kind: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    for part in location:
        field = kind.model_fields.get(str(part))
        annotation = field.annotation if field else None
        options = get_args(annotation) or (annotation,)  # `Model | None` has two
        models = [a for a in options if isinstance(a, type) and issubclass(a, BaseModel)]
        if not models:
            return []
        kind = models[0]
    return sorted(kind.model_fields)


def _shorten(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
