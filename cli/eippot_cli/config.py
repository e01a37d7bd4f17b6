"""``eippot config``: templates, validation and schemas of the configuration files."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eippot_cli.completion import architectures

if TYPE_CHECKING:
    from eippot.config.base import Config

app = typer.Typer(
    help="Templates, validation and schemas of configuration files.", no_args_is_help=True
)


class Command(str, Enum):
    """Commands that take a configuration file."""

    LABEL = "label"
    CLASSIFY = "classify"
    PRETRAIN = "pretrain"
    STACK = "stack"
    FINETUNE = "finetune"


class Preset(str, Enum):
    """Sets of values to start from."""

    DEFAULT = "default"
    PAPER = "paper"


CommandArgument = Annotated[Command, typer.Argument(help="The command to configure.")]


@app.command()
def template(
    command: CommandArgument,
    preset: Annotated[
        Preset,
        typer.Option(help="paper: exactly as Shui et al. (NeurIPS 2022), energies only."),
    ] = Preset.DEFAULT,
    model: Annotated[
        str | None,
        typer.Option(
            help="Architecture, such as schnet; else that of the preset.",
            autocompletion=architectures,
        ),
    ] = None,
) -> None:
    """Print a complete, commented configuration file."""
    from eippot.config import templates

    typer.echo(templates.template(command.value, preset.value, model), nl=False)


@app.command()
def validate(
    command: CommandArgument,
    file: Annotated[Path, typer.Argument(help="The configuration file to check.")],
) -> None:
    """Check a configuration file; list every problem with its name and value."""
    from eippot.config.base import read_config

    read_config(_kind(command), file)
    typer.echo(f"{file} is a valid configuration of `eippot {command.value}`.")


@app.command()
def schema(command: CommandArgument) -> None:
    """Print the JSON schema of a configuration file, for completion in editors."""
    typer.echo(json.dumps(_kind(command).model_json_schema(), indent=2, ensure_ascii=False))


def _kind(command: Command) -> type[Config]:
    from eippot.config.label import LabelConfig
    from eippot.config.stages import ClassifyConfig, FinetuneConfig, PretrainConfig, StackConfig

    kinds: dict[Command, type[Config]] = {
        Command.LABEL: LabelConfig,
        Command.CLASSIFY: ClassifyConfig,
        Command.PRETRAIN: PretrainConfig,
        Command.STACK: StackConfig,
        Command.FINETUNE: FinetuneConfig,
    }
    return kinds[command]
