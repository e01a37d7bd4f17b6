"""cite: the publications behind labelled structures, trainings, exported models and cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from eippot.citations.bibtex import Entry, merge
from eippot.citations.known import ARCHITECTURES, METHOD, PROGRAMS, WITH_E3NN, known_entry
from eippot.config.cite import CiteConfig
from eippot.data.sources import eip_names, eip_sources
from eippot.eips.cards import Card, card_names, read_card
from eippot.eips.citing import EIPCitations, text_entry
from eippot.structures.io import open_structures
from eippot.training.run_directory import CONTENTS

#: programs that a network is trained with, and those behind kinds of EIPs.
_TRAINING: Final = ("torch", "matscipy")
_OF_KIND: Final = {"matscipy": "matscipy", "lammps": "lammps"}
_CARDS: Final = (".yaml", ".yml")
_EXPORTED: Final = (".pt", ".pt2")


@dataclass(frozen=True)
class CiteResult:
    """What to cite.

    Parameters
    ----------
    entries
        Each publication once.
    missing
        What was used and cannot be cited completely, and why.
    """

    entries: tuple[Entry, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Used:
    """What stands behind a path.

    Parameters
    ----------
    eips
        Name of each EIP and its source; None where that is not known.
    networks
        Architectures, and what their authors want to be cited.
    problems
        What the path does not tell.
    card
        The card that it is.
    """

    eips: list[tuple[str, str | None]] = field(default_factory=list)
    networks: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    card: Card | None = None


def run(config: CiteConfig) -> CiteResult:
    """Find out what was used, and what to cite for it.

    Parameters
    ----------
    config
        Where to look.

    Raises
    ------
    EippotError
        A path is none of what can be cited, or cannot be read.
    """
    everything = [_used_by(path) for path in config.paths]
    citations = EIPCitations(used.card for used in everything if used.card)
    entries = [known_entry(METHOD)]
    missing = [problem for used in everything for problem in used.problems]
    networks = {name: text for used in everything for name, text in used.networks.items()}
    for name, text in networks.items():
        if name in ARCHITECTURES:
            entries.append(known_entry(ARCHITECTURES[name]))
        elif text:
            entries.append(text_entry(name, text))
        else:
            missing.append(f"architecture {name}: it names no citation")
    eips = dict.fromkeys(eip for used in everything for eip in used.eips)
    for name, source in eips:
        if source is None:
            missing.append(f"EIP {name}: where it comes from is not known")
            continue
        found, problem = citations.cite(source)
        entries += found
        missing += [f"{source}: {problem}"] if problem else []
    programs = _programs(networks, [source for _, source in eips if source])
    entries += [known_entry(PROGRAMS[name]) for name in programs]
    return CiteResult(tuple(merge(entries)), tuple(dict.fromkeys(missing)))


def _programs(networks: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Programs behind networks and EIPs, ASE first."""
    names = ["ase", *(_TRAINING if networks else ())]
    names += ["e3nn"] if any(name in WITH_E3NN for name in networks) else []
    kinds = (source.partition(":")[0] for source in sources)
    return list(dict.fromkeys([*names, *(_OF_KIND[kind] for kind in kinds if kind in _OF_KIND)]))


def _used_by(path: Path) -> _Used:
    if path.suffix in _CARDS or (not path.exists() and str(path) in card_names()):
        card = read_card(str(path))
        return _Used(eips=[(eip.name, eip.source) for eip in card.eips], card=card)
    if path.suffix in _EXPORTED:
        return _used_by_exported(path)
    if any((path / name).exists() for name in CONTENTS):
        return _used_by_run(path)
    structures = open_structures(path)
    return _Used(eips=list(eip_sources(structures, eip_names(structures)).items()))


def _used_by_run(directory: Path) -> _Used:
    from eippot.models.factory import find_architecture  # brings torch, as does the next one
    from eippot.models.saved import load_card

    card = load_card(directory)
    name = card.model.architecture
    networks = {name: "" if name in ARCHITECTURES else find_architecture(name).citation}
    if card.eips is None:
        return _Used(networks=networks, problems=[_untold(directory)])
    return _Used(eips=list(card.eips.items()), networks=networks)


def _used_by_exported(path: Path) -> _Used:
    from eippot.deployment.exported import UNKNOWN_EIPS
    from eippot.deployment.files import open_exported

    _, metadata = open_exported(path)
    names = metadata.architecture.split(" + ")
    text = _own_words(metadata.citation, names)
    sources = metadata.eips.splitlines()
    return _Used(
        eips=[(path.name, source) for source in sources if source != UNKNOWN_EIPS],
        networks={name: "" if name in ARCHITECTURES else text for name in names},
        problems=[_untold(path)] if UNKNOWN_EIPS in sources else [],
    )


def _own_words(text: str, names: Iterable[str]) -> str:
    """What an exported file says beyond the method and the architectures of eippot."""
    from eippot.models.factory import find_architecture
    from eippot.stages.export import METHOD as METHOD_TEXT

    known = [find_architecture(name).citation for name in names if name in ARCHITECTURES]
    for words in (METHOD_TEXT, *known):
        text = text.replace(words, "")
    return text.strip("; ")


def _untold(path: Path) -> str:
    return (
        f"{path}: it does not say which EIPs it learnt from (made by an earlier eippot, or from "
        "labels without a source); give its labelled structures too"
    )
