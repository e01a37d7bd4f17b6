"""Commented configuration files, one per command and preset, and one per architecture."""

from __future__ import annotations

from importlib import resources
from textwrap import indent

from eippot.errors import ConfigError


def template(command: str, preset: str = "default", model: str | None = None) -> str:
    """Text of a complete, commented configuration file.

    Parameters
    ----------
    command
        ``label``, ``classify``, ``pretrain`` or ``finetune``.
    preset
        ``default`` or ``paper``.
    model
        Architecture whose options are shown; None for that of the preset.

    Raises
    ------
    ConfigError
        The command has no such preset, or no architecture.
    """
    folder = resources.files(__name__)
    path = folder / f"{command}{'' if preset == 'default' else f'.{preset}'}.yaml"
    if not path.is_file():
        raise ConfigError(f"There is no `{preset}` preset of `{command}`.")
    text = path.read_text()
    if model is None:
        return text
    before, found, after = text.partition("\n  architecture: ")
    options = folder / "models" / f"{model}.yaml"
    if not (found and options.is_file()):
        raise ConfigError(f"There is no template of `{command}` with the model `{model}`.")
    _, _, rest = after.partition("\n\n")
    return f"{before}\n{indent(options.read_text(), '  ')}\n{rest}"
