"""The grammar of label sources: ``kim:…``, ``matscipy:…``, ``lammps:…`` and ``ase:…``."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from eippot.eips.base import EmpiricalPotential
from eippot.errors import ConfigError

#: kind of source → the module whose ``open_source`` opens it.
KINDS: Final = {
    "kim": "eippot.eips.kim",
    "matscipy": "eippot.eips.matscipy",
    "lammps": "eippot.eips.lammps",
    "ase": "eippot.eips.ase",
}

_GRAMMAR: Final = (
    "Write NAME=SOURCE, where SOURCE is one of\n"
    "  kim:MODEL                        a portable OpenKIM model\n"
    "  matscipy:FORM?set=PARAMETERS     StillingerWeber, Kumagai, TersoffBrenner, EAM?fn=./FILE\n"
    "  lammps:COMMANDS?species=[Si]     pair_style …; pair_coeff …\n"
    "  ase:module.Class?key=value&…     any importable ASE calculator"
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]*")
_RELATIVE: Final = re.compile(r"(?<!\S)\.{1,2}/\S+")


@dataclass(frozen=True)
class EIPSource:
    """One label source: the user's short name of an EIP, and where it comes from.

    Parameters
    ----------
    name
        Short name; labels stand under ``eip_<name>_…``.
    text
        The source as written, e.g. ``kim:SW_StillingerWeber_1985_Si__MO_405512056662_005``.
    kind
        A key of :data:`KINDS`.
    target
        What stands between the colon and the question mark.
    options
        Keyword arguments; values are YAML scalars or lists, relative paths are resolved.
    """

    name: str
    text: str
    kind: str
    target: str
    options: Mapping[str, Any]


def parse_source(name: str, text: str) -> EIPSource:
    """Read one source.

    Option values are YAML (``2.5``, ``true``, ``[1, 2]``, ``text``); one that starts with
    ``./`` or ``../`` is a path, seen from the working directory, as is such a word of the target.
    ``%26`` stands for ``&``.

    Raises
    ------
    ConfigError
        The name or the source is not written as it should be.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"An EIP's name should consist of a-z, 0-9 and _, got `{name}`.",
            f"Labels are written under this name, as in `eip_{_propose_name(name)}_energy`.",
        )
    kind, colon, rest = text.partition(":")
    target, _, query = rest.partition("?")
    if not colon or kind not in KINDS or not target:
        raise ConfigError(f"EIP `{name}` has no source that can be read: `{text}`.", _GRAMMAR)
    target = _RELATIVE.sub(lambda path: str(Path(path[0]).resolve()), target)
    return EIPSource(name, text, kind, target, _parse_options(name, text, query))


def parse_assignment(assignment: str) -> tuple[str, str]:
    """Split ``NAME=SOURCE`` of the command line.

    Raises
    ------
    ConfigError
        There is no ``=``, or nothing on one side of it.
    """
    name, _, text = assignment.partition("=")
    if not name or not text or ":" in name:
        raise ConfigError(f"Expected NAME=SOURCE after `--eip`, got `{assignment}`.", _GRAMMAR)
    return name, text


def collect_sources(eips: Mapping[str, str], sets: Sequence[str] = ()) -> tuple[EIPSource, ...]:
    """All sources of named sets (cards) and of single EIPs, in this order.

    Parameters
    ----------
    eips
        Name → source text.
    sets
        Names of cards that come with eippot, or paths of your own.

    Raises
    ------
    ConfigError
        Nothing is asked for, a name occurs twice, or a card or a source cannot be read.
    """
    from eippot.eips.cards import read_card  # and with it pydantic, which workers do without

    pairs = [(eip.name, eip.source) for name in sets for eip in read_card(name).eips]
    pairs += list(eips.items())
    if not pairs:
        raise ConfigError("Expected at least one EIP, got none.", _GRAMMAR)
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"Two EIPs have the same name: {', '.join(twice)}.", "Give each a name of its own."
        )
    return tuple(parse_source(name, text) for name, text in pairs)


def open_potential(source: EIPSource) -> EmpiricalPotential:
    """Open the EIP behind a source, in this process.

    A foreign potential may end the process it runs in; :class:`~eippot.eips.pool.WorkerPool`
    opens it in a process of its own.

    Raises
    ------
    EIPError
        There is no such EIP, or it cannot be set up.
    MissingDependencyError
        A program that the source needs is not installed.
    """
    potential: EmpiricalPotential = importlib.import_module(KINDS[source.kind]).open_source(source)
    return potential


def _parse_options(name: str, text: str, query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in filter(None, query.split("&")):
        key, equals, value = pair.partition("=")
        if not key.isidentifier() or not equals:
            raise ConfigError(
                f"Expected key=value after `?` in the source of EIP `{name}`, "
                f"got `{pair}` in `{text}`.",
                _GRAMMAR,
            )
        options[key] = _parse_value(unquote(value))
    return options


def _parse_value(text: str) -> Any:  # noqa: ANN401 (any YAML value)
    if text.startswith(("./", "../")):
        return str(Path(text).resolve())
    import yaml  # which workers do without

    from eippot.config.yaml_text import parse_yaml

    try:
        return parse_yaml(text)
    except yaml.YAMLError:
        return text


def _propose_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "sw"
