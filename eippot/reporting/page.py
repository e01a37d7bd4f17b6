"""The page as a whole: one file of HTML that asks nothing of the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from eippot.graphs.alignment import Alignment
from eippot.reporting import head
from eippot.reporting.accuracy import Accuracy
from eippot.reporting.classes import classes
from eippot.reporting.curves import learning, weak_labels
from eippot.reporting.runs import FinishedRun
from eippot.units import MEV_PER_EV
from eippot.version import __version__

_TEMPLATE: Final = "page.html"


def render(run: FinishedRun, accuracies: Sequence[Accuracy], left_out: Sequence[str]) -> str:
    """Make the page of a run.

    Names of structures, EIPs and files come from users: the template escapes them all.

    Parameters
    ----------
    run
        What the page is about.
    accuracies
        Of the potential, on several sets of structures.
    left_out
        What should be on the page and could not, a sentence each.
    """
    environment = Environment(
        loader=PackageLoader("eippot.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"fixed": _fixed, "milli": lambda value: MEV_PER_EV * value}
    return environment.get_template(_TEMPLATE).render(
        run=run,
        version=__version__,
        name="/".join(run.directory.resolve().parts[-2:]),
        network=head.network(run),
        facts=[*head.errors(run), *head.data(run), *head.training(run)],
        averaged=bool(run.config.get("training", {}).get("ema_decay")),
        learning=learning(run.history),
        weak_labels=weak_labels(run.history),
        accuracies=accuracies,
        classes=classes(run) if run.stage == "classify" else None,
        alignments=_alignments(run),
        labels=run.summary.get("labels_in_file", {}),
        warnings=run.summary.get("warnings", []),
        provenance=head.provenance(run),
        left_out=left_out,
    )


def _alignments(run: FinishedRun) -> list[Alignment]:
    """How each EIP was brought to the DFT scale, the best one first; empty for finetune."""
    found = [Alignment.model_validate(entry) for entry in run.summary.get("alignments", [])]
    return sorted(found, key=lambda each: each.mae_per_atom)


def _fixed(value: float, digits: int = 0, sign: str = "-") -> str:
    """A number with so many digits behind the point; ``sign="+"`` shows that of positive ones."""
    return f"{value:{sign},.{digits}f}".replace("-", "−")
