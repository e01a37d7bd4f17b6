"""suggest: the installed OpenKIM models for a set of structures, the nearest to DFT first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from ase import Atoms

from eippot.config.label import SuggestConfig
from eippot.data.candidates import Candidate, compare_candidates
from eippot.data.ranking import Comparison
from eippot.data.sources import reference_energies_of
from eippot.eips.base import Limits, Outcome
from eippot.eips.cards import Card, CardEntry, check_new_card, write_card
from eippot.eips.journal import Journal
from eippot.eips.openkim import KIMItem, installed_items
from eippot.eips.pool import WorkerPool, available_cores
from eippot.eips.source import EIPSource, parse_source
from eippot.eips.table import LabelProgress, LabelTable
from eippot.errors import DataError, EIPError
from eippot.graphs.species import species_of
from eippot.structures.choosing import where
from eippot.structures.io import open_structures
from eippot.units import MEV_PER_EV
from eippot.version import __version__

#: with fewer DFT labels EIPs are not ranked by them.
FEWEST_LABELS: Final = 10
#: words of a model about itself that a card repeats.
_LONGEST_NOTE: Final = 300


@dataclass(frozen=True)
class SuggestResult:
    """What was found.

    Parameters
    ----------
    candidates
        All models that know the species, the best first.
    species
        Chemical symbols of all structures.
    structures
        How many structures were evaluated.
    labels
        How many structures of the file have a DFT label.
    spread
        How far DFT energies are from what the composition says [eV/atom]; None where candidates
        are not ranked by DFT labels.
    machine_learned
        How many further models are left out because their form is machine-learned.
    output
        The card; None where none was written.
    """

    candidates: tuple[Candidate, ...]
    species: tuple[str, ...]
    structures: int
    labels: int
    spread: float | None
    machine_learned: int
    output: Path | None

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """Candidates that are of use, and each of which says something else."""
        return tuple(c for c in self.candidates if c.is_usable and c.same_as is None)


def run(
    config: SuggestConfig, report: Callable[[LabelProgress], None] = lambda progress: None
) -> SuggestResult:
    """Try all models that know the species, rank them, and write a card of those of use.

    Parameters
    ----------
    config
        What to find EIPs for.
    report
        Called whenever labels have been made.

    Raises
    ------
    ConfigError, DataError
        The options or the structures cannot be used.
    EIPError
        No installed model knows all species.
    MissingDependencyError
        kimpy, kim-edn or the KIM API are not installed.
    """
    if config.output is not None:
        check_new_card(config.output)
    everything = open_structures(config.input, config.keys)
    species = species_of(everything)
    items, n_learned = _find_items(species)
    labelled = where(everything, np.isfinite(reference_energies_of(everything)))
    is_ranked = len(labelled) >= FEWEST_LABELS
    drawn = _draw(labelled if is_ranked else everything, config)
    names = _short_names(items)
    sources = [parse_source(name, item.source) for name, item in zip(names, items, strict=True)]
    outcomes = _evaluate(config, sources, drawn, report)
    comparison = Comparison(drawn, species)
    result = SuggestResult(
        candidates=compare_candidates(names, items, outcomes, comparison, is_ranked),
        species=tuple(species),
        structures=len(drawn),
        labels=len(labelled),
        spread=comparison.spread if is_ranked else None,
        machine_learned=n_learned,
        output=config.output,
    )
    if config.output is None or not result.chosen:
        return replace(result, output=None)
    write_card(config.output, *_card(result, config.input.name, config.output.stem))
    return result


def _find_items(species: Sequence[str]) -> tuple[list[KIMItem], int]:
    """Models that know all species, by name, and how many machine-learned ones do."""
    installed = installed_items()
    knowing = [item for item in installed if item.species.issuperset(species)]
    items = sorted(
        (item for item in knowing if not item.is_machine_learned), key=lambda item: item.model
    )
    n_learned = len(knowing) - len(items)
    if not items:
        but = f" but {n_learned} of a machine-learned form" if n_learned else ""
        raise EIPError(
            f"Expected OpenKIM models that know all of {', '.join(species)}, got none{but} among "
            f"the {len(installed)} that are installed.",
            "`kim-api-collections-management install user OpenKIM` installs the newest ones. EIPs "
            "from elsewhere are given by `--eip NAME=SOURCE` (matscipy, LAMMPS, ASE).",
        )
    return items, n_learned


def _draw(structures: Sequence[Atoms], config: SuggestConfig) -> list[Atoms]:
    """Some structures, in their order; isolated atoms tell nothing of an EIP."""
    candidates = [i for i, atoms in enumerate(structures) if len(atoms) > 1 or atoms.pbc.any()]
    if not candidates:
        raise DataError(f"Expected structures in {config.input}, got isolated atoms alone.")
    random = np.random.default_rng(config.seed)
    drawn = random.permutation(len(candidates))[: config.structures]
    return [structures[candidates[index]] for index in sorted(drawn.tolist())]


def _short_names(items: Sequence[KIMItem]) -> list[str]:
    """A name for each model, no two the same."""
    names: list[str] = []
    for item in items:
        names.append(next(name for name in item.names() if name not in names))
    return names


def _evaluate(
    config: SuggestConfig,
    sources: Sequence[EIPSource],
    structures: Sequence[Atoms],
    report: Callable[[LabelProgress], None],
) -> list[list[Outcome]]:
    """What came of each EIP (rows) and structure (columns)."""
    workers = config.workers or available_cores()
    table = LabelTable(sources, structures, True, Limits(config.max_energy, config.max_force))
    with (
        TemporaryDirectory() as folder,
        Journal(Path(folder) / "suggest") as journal,
        WorkerPool(
            sources,
            workers=workers,
            time_limit=config.time_limit,
            setup_time_limit=config.setup_time_limit,
            give_up_after=config.give_up_after,
            folder=journal.folder,
        ) as pool,
    ):
        pool.start(workers)
        table.evaluate(pool, journal, report, must_open=False)
    columns = [table.outcomes(index) for index in range(len(structures))]
    return [list(row) for row in zip(*columns, strict=True)]


def _card(result: SuggestResult, structures: str, name: str) -> tuple[Card, str]:
    """Card of the chosen candidates, and what stands above it."""
    symbols = ", ".join(result.species)
    order = "those nearest to DFT first" if result.spread is not None else "the newest first"
    card = Card(
        name=name,
        description=f"Potentials of OpenKIM for {symbols}, {order}.",
        species=result.species,
        eips=tuple(
            CardEntry(
                name=candidate.name,
                source=candidate.item.source,
                citation=candidate.item.citation,
                note=_note(candidate, f"{result.structures} structures of {structures}"),
            )
            for candidate in result.chosen
        ),
    )
    return card, f"Suggested by eippot {__version__} for {structures}."


def _note(candidate: Candidate, where: str) -> str:
    """What it is, what it was made for, and how near to DFT it was."""
    item, found = candidate.item, candidate.agreement
    told = [item.title, *_first_sentence(item.description)]
    if found is not None:
        figures = [f"energy MAE {MEV_PER_EV * found.energy_mae:.0f} meV/atom"]
        if found.forces_mae is not None:
            figures.append(f"forces MAE {MEV_PER_EV * found.forces_mae:.0f} meV/Å")
        if found.correlation is not None:
            figures.append(f"correlation of energies {found.correlation:.2f}")
        told.append(f"Aligned, on {where}: {', '.join(figures)}")
    return ". ".join(told) + "."


def _first_sentence(text: str) -> list[str]:
    """The first sentence without its period, if it is not too long to be read in a list."""
    sentence = re.split(r"\.(?=\s+[A-Z]|$)", text)[0].strip()
    return [sentence] if 0 < len(sentence) <= _LONGEST_NOTE else []
