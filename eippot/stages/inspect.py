"""inspect: what is in an exported file or a run directory, without running any of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from eippot.config.inspect import InspectConfig
from eippot.deployment.archive import read_archive, read_compiled
from eippot.deployment.exported import Metadata
from eippot.deployment.files import COMPILED
from eippot.deployment.metadata import read_metadata
from eippot.deployment.pickled import Instance, StoredTensor
from eippot.deployment.program import Program
from eippot.errors import ConfigError, ModelError
from eippot.models.saved import WEIGHTS, read_card_content
from eippot.reporting.runs import read_mapping
from eippot.training.run_directory import SUMMARY

_MACHINE_CODE: Final = (
    "It is machine code, which cannot be looked into: whoever opens it runs it. Open it only if "
    "you trust whoever made it."
)


@dataclass(frozen=True)
class InspectResult:
    """What is in a file.

    Attributes
    ----------
    facts
        Names and values, in the order that they are to be shown in.
    warnings
        What to know before it is opened, a sentence each.
    is_refused
        Whether eippot would not open it.
    """

    facts: dict[str, str]
    warnings: tuple[str, ...] = ()
    is_refused: bool = False


def run(config: InspectConfig) -> InspectResult:
    """Look into an exported file or a run directory; nothing in it is run, unpickled or imported.

    Parameters
    ----------
    config
        Where it is.

    Raises
    ------
    EippotError
        It is neither, or damaged.
    """
    path = config.path
    if path.is_dir():
        return InspectResult(_run_directory(path))
    if not path.is_file():
        raise ConfigError(
            f"Expected an exported model or a run directory, got {path}, which is neither.",
            "`eippot export` writes exported models.",
        )
    return _compiled(path) if path.suffix == COMPILED else _script(path)


def _script(path: Path) -> InspectResult:
    archive = read_archive(path)
    program = archive.program
    facts = {"file": f"TorchScript, {_size(path)}"} | _metadata(
        read_metadata(archive.attributes, path)
    )
    tensors = list(_tensors(archive.attributes, set()))
    forces = archive.attributes.get("selftest_forces")
    atoms = forces.shape[0] if isinstance(forces, StoredTensor) and forces.shape else 0
    facts |= {
        "tensors": f"{len(tensors)}, {sum(map(len, archive.records.values())) / 1e6:.2f} MB",
        "self-test": f"{atoms} atoms" if atoms else "none",
        "program": f"{len(program.functions)} functions, of {', '.join(_packages(program))}",
        "operators": ", ".join(name.removeprefix("aten::") for name in program.operators),
    }
    if not program.foreign:
        return InspectResult(facts)
    warning = (
        f"No file of eippot has this in its program: {', '.join(program.foreign)}. eippot does "
        "not run it; LAMMPS and other programs would."
    )
    return InspectResult(facts, (warning,), is_refused=True)


def _compiled(path: Path) -> InspectResult:
    metadata = read_metadata(read_compiled(path).metadata, path)
    facts = {"file": f"compiled by AOTInductor, {_size(path)}"} | _metadata(metadata)
    return InspectResult(facts, (_MACHINE_CODE,))


def _metadata(metadata: Metadata) -> dict[str, str]:
    tables = (
        f"{metadata.table_bins} pieces, up to {metadata.table_energy_error:.1e} eV/atom and "
        f"{metadata.table_force_error:.1e} eV/Å"
        if metadata.table_bins
        else "none"
    )
    return {
        "written by": f"eippot {metadata.eippot_version}, format {metadata.format_version}",
        "architecture": metadata.architecture,
        "members": str(metadata.n_members),
        "species": ", ".join(metadata.species),
        "cutoff": f"{metadata.cutoff:g} Å, atoms interact up to {metadata.interaction_range:g} Å",
        "precision": metadata.dtype,
        "tables": tables,
        "grade": f"from {metadata.training_neighborhoods} training neighborhoods"
        if metadata.training_neighborhoods
        else "none",
        "EIPs": ", ".join(metadata.eips.splitlines()) or "none",
        "citation": metadata.citation,
    }


def _run_directory(directory: Path) -> dict[str, str]:
    content = read_card_content(directory)
    tensors = _weights(directory / WEIGHTS)
    model = content.get("model")
    hyperparameters = model if isinstance(model, dict) else {}
    facts = {
        "directory": f"run of a training, {content.get('kind')}",
        "written by": f"eippot {content.get('eippot_version')}",
        "architecture": _listed(hyperparameters),
        "species": _text(content.get("species")),
        "outputs": _text(content.get("outputs")),
        "precision": _text(content.get("dtype")),
        "weights": f"{sum(tensors.values())} in {len(tensors)} tensors",
        "provenance": _listed(content.get("provenance")),
    }
    if (directory / SUMMARY).is_file():
        summary = read_mapping(directory / SUMMARY)
        facts |= {
            name: _listed(summary[name]) if isinstance(summary[name], dict) else str(summary[name])
            for name in ("validation", "ended_by", "seconds", "versions")
            if name in summary
        }
    return facts


def _weights(path: Path) -> dict[str, int]:
    """Numbers in each tensor, as the head of the file tells."""
    try:
        with safe_open(path, "numpy") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is missing or damaged: {error}") from None
    counts = {}
    for name, shape in shapes.items():
        counts[name] = 1
        for length in shape:
            counts[name] *= length
    return counts


def _tensors(values: object, seen: set[int]) -> Sequence[StoredTensor]:
    """All tensors below a value, each module once."""
    if isinstance(values, StoredTensor):
        return [values]
    if isinstance(values, Instance):
        values = values.state
    if not isinstance(values, dict | list) or id(values) in seen:
        return []
    seen.add(id(values))
    inner = values.values() if isinstance(values, dict) else values
    return [tensor for value in inner for tensor in _tensors(value, seen)]


def _packages(program: Program) -> list[str]:
    """Where the code was written, as in eippot or torch."""
    parts = (name.split(".") for name in program.functions)
    return sorted({part[1] for part in parts if len(part) > 1})


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.2f} MB"


def _listed(values: object) -> str:
    entries: Mapping[str, Any] = values if isinstance(values, dict) else {}
    return ", ".join(f"{name} {_text(value)}" for name, value in entries.items()) or "none"


def _text(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 300 else text[:299] + "…"
