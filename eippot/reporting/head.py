"""What stands at the head of the page: the network, its errors, its data, its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from eippot.data.sources import NONE_CLASS
from eippot.properties import error_unit
from eippot.reporting.curves import metric_title
from eippot.reporting.runs import FinishedRun

_VALIDATION: Final = "validation_"
_MINUTE: Final = 60.0


@dataclass(frozen=True)
class Fact:
    """One figure of the head.

    Attributes
    ----------
    name
        What it is.
    value
        As it is shown.
    unit
        Of the value; "" without one.
    remark
        What else there is to say; "" for nothing.
    """

    name: str
    value: str
    unit: str = ""
    remark: str = ""


def errors(run: FinishedRun) -> list[Fact]:
    """Validation metrics of the weights that were kept."""
    against = "EIPs" if run.stage == "pretrain" else "DFT"
    facts = []
    for name, value in run.summary["validation"].items():
        metric = name.removeprefix(_VALIDATION)
        unit = error_unit(metric)
        if metric == "accuracy":
            facts.append(Fact("Accuracy", f"{100 * value:.0f}", "%", "of the EIP to believe"))
        elif unit:
            remark = f"mean absolute, against {against}"
            facts.append(Fact(metric_title(metric), f"{value:.1f}", unit, remark))
    return facts


def data(run: FinishedRun) -> list[Fact]:
    """How many structures and labels there were."""
    found = run.summary
    used = found.get("pretraining_structures")
    everything = f"{used:,} with a label of an EIP" if used is not None else ""
    learnt, held_out = found["training_labels"], found["validation_labels"]
    purpose = f"training, and {held_out:,} for validation"
    if run.stage == "pretrain":
        purpose = f"the alignment; {held_out:,} unused"
    facts = [
        Fact("Structures", f"{found['structures']:,}", "", everything),
        Fact("DFT labels", f"{learnt:,}", "", f"for {purpose}"),
    ]
    if "weak_labels" in found:
        facts.append(Fact("Weak labels", f"{found['weak_labels']:,}", "", "to learn from"))
    if "usage" in found:
        chosen = sum(found["usage"].values()) - found["usage"][NONE_CLASS]
        facts.append(Fact("Weak labels", f"{chosen:,}", "", "written, to finetune on"))
    if "alignments" in found:
        facts.append(Fact("EIPs", str(len(found["alignments"]))))
    return facts


def training(run: FinishedRun) -> list[Fact]:
    """How long the training was, and what ended it."""
    found, best = run.summary, run.history.best_step
    length = f"{found['steps']:,} steps, {found['epochs']:,} epochs"
    if "ended_by" in found:
        planned = " as planned" if found["ended_by"] in ("steps", "epochs") else ""
        length += f"; ended{planned} by {found['ended_by']}"
    return [
        Fact("Time", duration(found["seconds"]), "", length),
        Fact("Best epoch", f"{run.history.best_epoch:,}", "", f"after {best:,} steps"),
    ]


def network(run: FinishedRun) -> str:
    """The network in one line."""
    card = run.card
    parts = [
        f"{card.model.architecture} for {', '.join(card.species)}",
        f"cutoff {card.model.cutoff:g} Å",
        f"{run.weights:,} weights",
        card.dtype,
    ]
    if run.stage == "finetune" and len(card.outputs) > 1:
        parts.insert(1, f"committee of {len(card.outputs)}")
    return " · ".join(parts)


def provenance(run: FinishedRun) -> list[Fact]:
    """Where the model comes from: versions, files, seeds and hashes."""
    settings: dict[str, Any] = run.config
    structures, optimizer = settings.get("data", {}), settings.get("training", {})
    facts = [Fact(name, text) for name, text in run.summary.get("versions", {}).items()]
    entries = {
        "structures": structures.get("structures"),
        "validation structures": structures.get("validation_structures"),
        "pretrained": settings.get("pretrained"),
        "seed of the split": structures.get("seed"),
        "seed of the training": optimizer.get("seed"),
        "training set, SHA-256": run.summary.get("training_hash"),
        "validation set, SHA-256": run.summary.get("validation_hash"),
    }
    facts += [Fact(name, str(value)) for name, value in entries.items() if value is not None]
    return facts


def duration(seconds: float) -> str:
    """A time as it is said."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
