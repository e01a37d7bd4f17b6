"""report: one page about a run, which shows what there is of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from eippot.config.base import validate_config
from eippot.config.data import DataConfig
from eippot.config.deployment import ReportConfig
from eippot.data.preparation import prepare
from eippot.errors import ConfigError, DataError, EippotError
from eippot.reporting.accuracy import Accuracy, accuracy
from eippot.reporting.page import render
from eippot.reporting.runs import FinishedRun, read_run
from eippot.stages.evaluate import require_labelled
from eippot.stages.export import assemble
from eippot.structures.io import read_structures, write_texts
from eippot.structures.splits import set_hash
from eippot.training.run_directory import CONFIG


@dataclass(frozen=True)
class ReportResult:
    """Outcome of report.

    Attributes
    ----------
    output
        The page.
    stage
        The command that it is about a run of.
    left_out
        What should be on the page and could not, a sentence each.
    """

    output: Path
    stage: str
    left_out: list[str]


def run(config: ReportConfig) -> ReportResult:
    """Write a page about a run.

    Parameters
    ----------
    config
        Run directory, test structures if there are any, and where to write.

    Raises
    ------
    EippotError
        There is no finished run, a file of it is damaged, the test structures cannot be used, or
        there is such a page already.
    """
    if config.output.exists():
        raise ConfigError(
            f"Expected the name of a new file, got {config.output}, which is there already.",
            "Choose another one (`-o`), or remove it first.",
        )
    found = read_run(config.run)
    accuracies, left_out = _accuracies(found, config)
    write_texts(config.output, [render(found, accuracies, left_out).encode()])
    return ReportResult(config.output, found.stage, left_out)


def _accuracies(found: FinishedRun, config: ReportConfig) -> tuple[list[Accuracy], list[str]]:
    """Errors of a potential on the structures that validated it and on others; what is missing.

    The page is of use without the former, which may have gone since.
    """
    test = config.structures
    if found.stage != "finetune" and test is None:
        return [], []
    model, metadata = assemble([found.directory])
    accuracies, left_out = [], []
    try:
        source, validation = _validation_structures(found)
        accuracies.append(accuracy("Validation", source, validation, model, metadata))
    except EippotError as error:
        left_out.append(f"Predictions for the validation structures are left out: {error}")
    if test:
        labelled = require_labelled(read_structures(test, config.keys), test)
        accuracies.append(accuracy("Test", str(test), labelled, model, metadata))
    return accuracies, left_out


def _validation_structures(found: FinishedRun) -> tuple[str, dict[int, Atoms]]:
    """The file with the structures that validated a run, and these by their index in it.

    Raises
    ------
    EippotError
        They are not where they were, or are others now.
    """
    settings = validate_config(
        DataConfig, found.config.get("data", {}), f"`data` of {found.directory / CONFIG}"
    )
    references = found.config.get("reference_energies", {})
    data = prepare(settings, references, found.card.species, guard=False, in_memory=True)
    source = settings.validation_structures or settings.structures
    if set_hash(data.validation) != found.summary["validation_hash"]:
        raise DataError(
            f"Expected in {source} the structures that validated {found.directory}, got others.",
            "The file was changed since. `--structures` evaluates on any other file.",
        )
    held_out = set(map(id, data.validation))
    everything = data.validation if settings.validation_structures else data.everything
    return str(source), {i: atoms for i, atoms in enumerate(everything) if id(atoms) in held_out}
