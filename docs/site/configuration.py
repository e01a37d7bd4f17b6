"""The reference of all options in configuration files, from the pydantic models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eippot.config.base import Config
from eippot.config.label import LabelConfig
from eippot.config.model import BUILT_IN
from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig, StackConfig

_HEAD = """# Configuration

Every option of every stage, with its default. `eippot config template STAGE` prints a commented
file, `eippot config validate STAGE FILE` checks one, and `--set section.name=value` changes one
entry.
"""
_STAGES: dict[str, type[Config]] = {
    "label": LabelConfig,
    "classify": ClassifyConfig,
    "pretrain": PretrainConfig,
    "stack": StackConfig,
    "finetune": FinetuneConfig,
}


def page() -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    for stage, kind in _STAGES.items():
        parts += [f"## {stage}", "", *_table(kind.model_json_schema(), "")]
    parts += ["## model", "", "One of these, by `architecture`; each has defaults of its own.", ""]
    for name, kind in BUILT_IN.items():
        parts += [f"### {name}", "", *_table(kind.model_json_schema(), "model.")]
    return "\n".join(parts)


def _table(schema: dict[str, Any], prefix: str) -> list[str]:
    rows = _rows(schema, schema.get("$defs", {}), prefix, schema.get("default", {}))
    return ["| option | values | default | |", "|---|---|---|---|", *rows, ""]


def _rows(
    schema: dict[str, Any], definitions: dict[str, Any], prefix: str, defaults: dict[str, Any]
) -> Iterator[str]:
    """A row for each option, those of sections under dotted names."""
    for name, field in schema["properties"].items():
        required = name in schema.get("required", [])
        default = defaults.get(name, field.get("default", {}))
        section = _section(field, definitions)
        if section is not None and name != "model":
            given = default if isinstance(default, dict) else {}
            yield from _rows(section, definitions, f"{prefix}{name}.", given)
            continue
        values = "see [model](#model)" if name == "model" else _values(field, definitions)
        shown = "required" if required else "" if name == "model" else f"`{_plain(default)}`"
        text = " ".join(field.get("description", "").split())
        cells = (f"`{prefix}{name}`", values, shown, text)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _section(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """The options of a section; None if the option is a value."""
    reference = field.get("$ref") or field.get("allOf", [{}])[0].get("$ref")
    found = definitions[reference.rsplit("/", 1)[1]] if reference else {}
    return found if "properties" in found else None


def _values(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What may be given, in words."""
    if "$ref" in field:
        return _values(definitions[field["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_values(part, definitions) for part in field["anyOf"]))
    if "enum" in field or "const" in field:
        return ", ".join(f"`{_plain(value)}`" for value in field.get("enum", [field.get("const")]))
    limits = [
        f"{sign} {field[key]:g}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in field
    ]
    if field.get("type") == "array" and isinstance(field.get("items"), dict):
        return f"list of {_values(field['items'], definitions)}"
    kind = {"string": "text", "object": "names and values"}.get(
        field.get("format") or field.get("type", ""), field.get("format") or field.get("type", "")
    )
    return " ".join([kind, ", ".join(limits)]).strip()


def _plain(value: object) -> str:
    """As it is written in YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
