"""Options that several commands share, each defined once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
import yaml

from eippot.config.yaml_text import parse_yaml
from eippot.errors import ConfigError

ConfigFile = Annotated[
    Path | None,
    typer.Argument(
        help="YAML file; `eippot config template COMMAND` writes one. Options win over it."
    ),
]
Structures = Annotated[
    Path | None, typer.Option("--structures", "-s", help="Structure file (data.structures).")
]
WeakLabels = Annotated[
    Path | None, typer.Option("--output", "-o", help="Structure file with weak labels (output).")
]
RunDirectory = Annotated[
    Path | None, typer.Option("--output", "-o", help="New run directory (output).")
]
Pretrained = Annotated[
    Path | None, typer.Option(help="Run directory of `eippot pretrain` (pretrained).")
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="LABEL=NAME where DFT labels stand, if that is not clear: LABEL is energy, forces, "
        "stress or virial. Repeatable.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE for any entry, e.g. training.steps=500. Repeatable."),
]


def chosen_keys(texts: list[str] | None) -> dict[str, str]:
    """Parse the values of ``--key``."""
    return dict(_assignments("--key LABEL=NAME", "energy=dft_energy", texts))


def assignments(texts: list[str] | None) -> dict[str, object]:
    """Parse the values of ``--set``: dotted names, and values as YAML writes them."""
    found: dict[str, object] = {}
    for name, value in _assignments("--set NAME=VALUE", "training.steps=500", texts):
        try:
            found[name] = parse_yaml(value)
        except yaml.YAMLError as error:
            text = f"{name}={value}"
            raise ConfigError(f"--set {text!r}: the value is not YAML: {error}") from None
    return found


def _assignments(form: str, example: str, texts: list[str] | None) -> Iterator[tuple[str, str]]:
    """Both sides of options of a form such as ``--set NAME=VALUE``; neither may be empty."""
    option = form.split()[0]
    for text in texts or []:
        name, _, value = text.partition("=")
        if not name or not value:
            raise ConfigError(f"Expected {form}, got {text!r}.", f"Example: {option} {example}")
        yield name, value
