"""The reference of the commands, from the program itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main
from eippot_cli.main import app

_HEAD = """# Commands

What `--help` says of each, in one place.
"""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *_sections(typer.main.get_command(app), "eippot")])


def _sections(command: Any, name: str) -> Iterator[str]:  # noqa: ANN401 (typer's click)
    """A section for each command that does something, those of groups included."""
    inner = getattr(command, "commands", None)
    if inner:
        for part, sub in inner.items():
            yield from _sections(sub, f"{name} {part}")
        return
    parameters = [p for p in command.params if p.name != "help"]
    usage = " ".join(
        [
            name,
            *(_argument(p) for p in parameters if p.param_type_name == "argument"),
            *(["[OPTIONS]"] if any(p.param_type_name == "option" for p in parameters) else []),
        ]
    )
    text = (command.help or "").strip()
    yield "\n".join([f"## {name}", "", f"```text\n{usage}\n```", "", text, ""])
    if parameters:
        yield "\n".join(["| | | default |", "|---|---|---|", *map(_row, parameters), ""])


def _argument(parameter: Any) -> str:  # noqa: ANN401
    name = parameter.name
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:  # noqa: ANN401
    option = parameter.param_type_name == "option"
    names = (*parameter.opts, *parameter.secondary_opts) if option else [_argument(parameter)]
    default = parameter.default
    shown = "" if default in (None, False, (), []) or callable(default) else f"`{default}`"
    cells = (", ".join(f"`{name}`" for name in names), parameter.help or "", shown)
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
