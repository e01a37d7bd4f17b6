"""How results and errors look in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from eippot.errors import EippotError

if TYPE_CHECKING:
    from eippot.data.forecast import Forecast
    from eippot.deployment.exported import Metadata
    from eippot.graphs.alignment import Alignment
    from eippot.stages.blending import Share
    from eippot.stages.classify import ClassifyResult
    from eippot.stages.evaluate import EvaluateResult
    from eippot.stages.export import ExportResult
    from eippot.stages.finetune import FinetuneResult
    from eippot.stages.inspect import InspectResult
    from eippot.stages.pretrain import PretrainResult
    from eippot.stages.report import ReportResult
    from eippot.stages.stack import StackResult
    from eippot.training.fit import FitResult

#: share of DFT that EIPs know from which on pretraining has helped wherever it was measured.
LEAST_KNOWN: Final = 0.6
#: characters of a column, its rule included, below which names cannot be read.
LEAST_COLUMN: Final = 8

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)


def print_error(error: EippotError) -> None:
    """Show an error as one block on stderr: what is wrong, and what to do."""
    text = Text(error.message)
    if error.hint:
        text.append(f"\n\n{error.hint}", style="cyan")
    error_console.print(Panel(text, title="eippot: error", title_align="left", border_style="red"))


def print_line(text: str) -> None:
    """Show text as it is, however long it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Show text as it is on stderr."""
    error_console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_run_directory(directory: Path) -> None:
    """Say where everything of a run is."""
    from eippot.training.run_directory import describe

    console.print("Everything of this run:")
    console.print(describe(directory), markup=False, soft_wrap=True)


def print_pretrain(result: PretrainResult) -> None:
    """Show the alignment of the EIPs and how well the heads reproduce them."""
    _print_alignments(result.alignments)
    console.print(f"Pretrained on {result.structures} structures. {_fit_line(result.fit)}")


def print_classify(result: ClassifyResult) -> None:
    """Show the alignment, how good the classifier is, and what it chose."""
    _print_alignments(result.alignments)
    if (1 + len(result.classes)) * LEAST_COLUMN <= console.width:
        _print_confusion(result)
    else:
        print_line(f"Confusion of {len(result.classes)} classes: eippot report {result.directory}")
    right, count = int(result.confusion.trace()), int(result.confusion.sum())
    calibration = result.calibration
    console.print(
        f"Accuracy: {right} of {count} ({right / count:.0%}). Expected calibration error: "
        f"{calibration.error_before:.3f}, at temperature {calibration.temperature:.2f} "
        f"{calibration.error_after:.3f}."
    )
    chosen = ", ".join(f"{name} {count}" for name, count in result.usage.items() if count)
    console.print(f"Weak labels: {chosen or 'no structure without a DFT label'}.")
    if result.below_threshold:
        console.print(f"{result.below_threshold} of none, since no class was probable enough.")
    console.print(_fit_line(result.fit))
    if result.forecast:
        _print_forecast(result.forecast)
    console.print(f"Wrote {result.output}", soft_wrap=True)


def _print_confusion(result: ClassifyResult) -> None:
    table = Table(title="Validation: true class (rows), predicted class (columns)")
    for name in ("", *result.classes):
        table.add_column(name, justify="right", overflow="fold")
    for name, row in zip(result.classes, result.confusion, strict=True):
        table.add_row(name, *(str(count) if count else "·" for count in row))
    console.print(table)


def _print_forecast(forecast: Forecast) -> None:
    """Say how much the EIPs know, and what follows from it (docs/results.md)."""
    spread, best, combined = (
        f"{1000 * error:.0f}"
        for error in (forecast.spread, forecast.best_error, forecast.combination_error)
    )
    console.print(
        f"Forecast: DFT energies vary by {spread} meV/atom, of which the best EIP "
        f"({forecast.best}) leaves {best}, and the linear combination of all {combined}: "
        f"EIPs know {forecast.known:.0%}."
    )
    console.print(
        "Recommended: eippot pretrain, then finetune from it, with `anchor: 0` and `anchor: 1`; "
        "keep the run with the lower validation score."
        if forecast.known >= LEAST_KNOWN
        else "The EIPs know little here: compare finetune with and without pretraining."
    )


def print_stack(result: StackResult) -> None:
    """Show how much closer to DFT the stack is than single EIPs, and what was labelled."""
    if result.validation_labels:
        table = Table(title=f"{result.validation_labels} validation structures")
        table.add_column("")
        table.add_column(escape("energy MAE [meV/atom]"), justify="right")
        for name, error in sorted(result.errors.items(), key=lambda item: item[1]):
            table.add_row(name, f"{1000 * error:.0f}")
        console.print(table)
    if result.shares:
        _print_shares(result.shares)
    console.print(
        f"Fitted to {result.training_labels} DFT labels. Weak labels for {result.weak_labels} of "
        f"{result.unlabelled} structures; predicted standard deviation up to "
        f"{1000 * result.largest_std:.0f} meV/atom."
    )
    if result.combination:
        console.print(f"Wrote {result.combination}, for StackCalculator", soft_wrap=True)
    console.print(f"Wrote {result.output}", soft_wrap=True)


def _print_shares(shares: Mapping[str, Share]) -> None:
    """Show what a blend is made of, and how well each member does alone."""
    table = Table(title="Shares in the blend, and errors of each alone")
    table.add_column("")
    for title in ("of energy", "MAE [meV/atom]", "of forces", "MAE [meV/Å]"):
        table.add_column(escape(title), justify="right")
    for name, share in shares.items():
        forces = "" if share.forces_error is None else f"{1000 * share.forces_error:.0f}"
        table.add_row(
            escape(name),
            f"{100 * share.energy:.0f} %",
            f"{1000 * share.energy_error:.0f}",
            f"{100 * share.derivatives:.0f} %",
            forces,
        )
    console.print(table)


def print_finetune(result: FinetuneResult) -> None:
    """Show which labels were used, and the errors on the validation structures."""
    table = Table(title="Labels in the file")
    table.add_column("label")
    table.add_column("structures", justify="right")
    for key, count in result.label_counts.items():
        table.add_row(key, str(count) if count else "[yellow]none[/yellow]")
    console.print(table)
    zero = ", ".join(f"{s} {e:.4f} eV" for s, e in result.reference_energies.items())
    console.print(f"Reference energies: {zero}")
    console.print(
        f"Used {result.training_labels} DFT labels for training, {result.validation_labels} for "
        f"validation, and {result.weak_labels} weak labels."
    )
    console.print(_fit_line(result.fit))


def print_report(result: ReportResult) -> None:
    """Say where the page is, and what could not be shown on it."""
    for sentence in result.left_out:
        console.print(sentence, markup=False, soft_wrap=True)
    about = f"a run of eippot {result.stage}"
    console.print(f"Wrote {result.output}, about {about}", markup=False, soft_wrap=True)


def print_export(result: ExportResult) -> None:
    """Show what was exported, and how ASE and LAMMPS use it."""
    print_metadata(result.path, result.metadata)
    symbols = " ".join(result.metadata.species)
    console.print(
        f"""
In ASE:      from eippot import EippotCalculator
             atoms.calc = EippotCalculator("{result.path}")
In LAMMPS:   pair_style eippot
             pair_coeff * * {result.path} {symbols}""",
        markup=False,
        soft_wrap=True,
    )


def print_metadata(path: Path, metadata: Metadata) -> None:
    """Show what an exported file says of itself."""
    committee = f"committee of {metadata.n_members}, " if metadata.n_members > 1 else ""
    console.print(
        f"{path}: {committee}{metadata.architecture} for {', '.join(metadata.species)}, cutoff "
        f"{metadata.cutoff:g} Å, {metadata.n_exchanges} exchanges of neighbor features, "
        f"{metadata.dtype}, eippot {metadata.eippot_version}",
        markup=False,
        soft_wrap=True,
    )
    if metadata.table_bins:
        console.print(
            f"Tables of {metadata.table_bins} pieces change energies by up to "
            f"{metadata.table_energy_error:.1e} eV/atom, forces by up to "
            f"{metadata.table_force_error:.1e} eV/Å.",
            markup=False,
            soft_wrap=True,
        )


def print_inspect(result: InspectResult) -> None:
    """Show what is in a file, and what to know before it is opened."""
    width = max(map(len, result.facts))
    for name, value in result.facts.items():
        print_line(f"{name:<{width}}  {printable(value)}")
    for warning in result.warnings:
        say(f"Warning: {printable(warning)}")


def printable(text: str) -> str:
    """Text of a file without characters that would steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def print_self_test(deviations: dict[str, float]) -> None:
    """Show the deviations of a passed self-test."""
    values = ", ".join(f"{name} {value:.1e}" for name, value in deviations.items())
    console.print(f"Self-test passed; deviations: {values}")


def print_evaluate(result: EvaluateResult) -> None:
    """Show the errors by kind of structure."""
    from eippot.properties import ENERGY, FORCES, STRESS

    table = Table(title="Mean absolute errors (root mean square)")
    table.add_column("config_type")
    for name in ("structures", "energy [meV/atom]", "forces [meV/Å]", "stress [meV/Å³]"):
        table.add_column(escape(name), justify="right")
    for row in result.rows:
        cells = [
            f"{row.mae[prop]:.1f} ({row.rmse[prop]:.1f})" if prop in row.mae else "–"
            for prop in (ENERGY, FORCES, STRESS)
        ]
        table.add_row(
            row.config_type,
            str(row.structures),
            *cells,
            style="bold" if row is result.rows[-1] else None,
        )
    console.print(table)
    if result.spread_correlation:
        prop, correlation = result.spread_correlation
        console.print(
            f"Committee: rank correlation of spread and error {correlation:.2f} ({prop.name}; 1: "
            "the spread tells where errors are larger, 0: it tells nothing)."
        )
    if result.unlabelled:
        console.print(f"{result.unlabelled} structures have no DFT energy and were left out.")
    for path in (result.errors_csv, result.predictions_csv, result.parity_png):
        console.print(f"Wrote {path}", soft_wrap=True)


def _print_alignments(alignments: list[Alignment]) -> None:
    table = Table(title="EIPs on the DFT scale: slope · E + Σ offsets")
    table.add_column("EIP")
    for name in ("structures", "slope", "offsets [eV/atom]", "MAE [meV/atom]"):
        table.add_column(escape(name), justify="right")
    for a in sorted(alignments, key=lambda a: a.mae_per_atom):
        offsets = ", ".join(f"{s} {b:.3f}" for s, b in zip(a.species, a.offsets, strict=True))
        error = f"{1000 * a.mae_per_atom:.1f}" if a.count else "not aligned"
        table.add_row(a.source, str(a.count), f"{a.slope:.3f}", offsets, error)
    console.print(table)


def _fit_line(fit: FitResult) -> str:
    from eippot.properties import error_unit

    shown = []
    for name, value in fit.metrics.items():
        quantity = name.removeprefix("validation_")
        shown.append(f"{quantity} {value:.3g} {error_unit(quantity)}".strip())
    end = "" if fit.ended_by in ("steps", "epochs") else f", ended by {fit.ended_by}"
    return f"Best validation: {', '.join(shown)} (epochs: {fit.epochs}, {fit.seconds:.0f} s{end})."
