"""Settings of stages: templates, with changes on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from eippot.config.templates import template

Settings = Mapping[str, Any]

#: of networks that would train for days: smaller than in the templates.
_SIZES: Final[dict[str, Settings]] = {
    "equivariant": {"channels": 16, "interactions": 2},
    "gemnet": {"channels": 32, "blocks": 2, "triplet_channels": 16, "triplet_cutoff": 3.2},
}


def stage_template(stage: str, name: str, model: str) -> dict[str, Any]:
    """Options of a stage; of the stack there is one template, without a model."""
    chosen = ("default", None) if stage == "stack" else (name, model)
    content: dict[str, Any] = yaml.safe_load(template(stage, *chosen))
    if "model" in content:
        content["model"] |= _SIZES.get(model, {})
    return content


def merged(content: Settings, changes: Settings) -> dict[str, Any]:
    """Settings with others on top, section by section."""
    both = dict(content)
    for name, value in changes.items():
        inner = both.get(name)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            value = merged(inner, value)
        both[name] = value
    return both
