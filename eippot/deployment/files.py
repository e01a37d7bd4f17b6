"""Writing and opening exported files; every file is tested when it is opened."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from eippot.deployment.archive import read_archive, read_compiled
from eippot.deployment.exported import (
    Evaluation,
    ExportedModel,
    Metadata,
    OpenedModel,
    evaluate,
)
from eippot.deployment.metadata import check_stored, read_metadata
from eippot.errors import ModelError
from eippot.models import exchange  # noqa: F401 (the operator that exported models call)

METADATA_FILE: Final = "metadata.json"

#: ending of compiled files; all others are TorchScript.
COMPILED: Final = ".pt2"

#: largest deviation in the self-test, by number format; the same as in the LAMMPS plugin.
SELF_TEST_TOLERANCE: Final = {"float32": 1e-4, "float64": 1e-9}


def write_exported(model: ExportedModel, metadata: Metadata, path: Path) -> None:
    """Script a model (or compile it: .pt2), write it to a file, open that again and test it.

    Raises
    ------
    ModelError
        The file cannot be written, or says something else than the model.
    """
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    text = json.dumps(asdict(metadata), indent=2, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == COMPILED:
            _write_compiled(model, metadata, temporary)
        else:
            with _torchscript():
                scripted = torch.jit.script(model.eval())
                torch.jit.save(scripted, str(temporary), _extra_files={METADATA_FILE: text})
        open_exported(temporary)
        temporary.replace(path)
    except OSError as error:
        raise ModelError(f"Cannot write {path}: {error}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def open_exported(path: Path, device: str = "cpu") -> tuple[OpenedModel, Metadata]:
    """Open an exported file and run its self-test.

    An exported file is code. One whose program does anything but arithmetic is refused before it
    is run; a compiled file cannot be looked into, so that it has to be trusted.

    Parameters
    ----------
    path
        What ``eippot export`` wrote.
    device
        Where to run, as torch names it.

    Raises
    ------
    ModelError
        The file is missing or damaged, is not an exported model, has another format version,
        reaches for more than tensors, or fails its self-test here.
    """
    if not path.is_file():
        raise ModelError(f"No exported model at {path}.", "`eippot export` writes one.")
    opener = _open_compiled if path.suffix == COMPILED else _open_script
    model, metadata = opener(path, device)
    check_self_test(model, metadata, path)
    return model, metadata


def _open_script(path: Path, device: str) -> tuple[OpenedModel, Metadata]:
    archive = read_archive(path)
    metadata = read_metadata(archive.attributes, path)
    if archive.program.foreign:
        raise ModelError(
            f"{path} is not run: beside arithmetic with tensors, its program has "
            f"{', '.join(archive.program.foreign[:5])}.",
            "No file of `eippot export` has. `eippot inspect` shows what is in it; ask whoever "
            "made it.",
        )
    try:
        with _torchscript():
            model: OpenedModel = torch.jit.load(  # type: ignore[no-untyped-call]
                archive.packed(), map_location=device
            )
    except (RuntimeError, ValueError, LookupError) as error:
        raise ModelError(
            f"{path} is not an exported model, or is damaged: {_first_line(error)}",
            "`eippot export` writes exported models.",
        ) from None
    return model, metadata


def _open_compiled(path: Path, device: str) -> tuple[OpenedModel, Metadata]:
    from eippot.deployment.compiled import CompiledModel  # torch's compiler takes a second

    if device != "cpu":
        raise ModelError(f"{path} is compiled for the CPU, got the device {device}.")
    content = read_compiled(path)
    metadata = read_metadata(content.metadata, path)
    return CompiledModel(path, metadata, content.self_test), metadata


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _write_compiled(model: ExportedModel, metadata: Metadata, path: Path) -> None:
    from eippot.deployment.compiled import write_compiled

    if metadata.n_members > 1 or metadata.table_bins:
        raise ModelError(
            f"Expected one potential, not compressed, to compile into a {COMPILED} file.",
            "Export committees and compressed models as model.pt: engines of their own run them.",
        )
    write_compiled(model, replace(metadata, training_neighborhoods=0), path)  # energies alone


def check_self_test(model: OpenedModel, metadata: Metadata, path: Path) -> dict[str, float]:
    """Evaluate the stored structure; return the deviation of energy, forces and virial.

    Energy per atom [eV]; forces and virial relative to the largest stored component, or to 1 eV/Å
    and 1 eV where all are smaller.

    Raises
    ------
    ModelError
        A deviation is larger than the number format explains, or there is nothing to compare.
    """
    check_stored(model, metadata, path)
    inputs = model.selftest_species, model.selftest_edge_index, model.selftest_edge_vectors
    try:
        found = evaluate(model, *inputs)
    except (RuntimeError, IndexError, TypeError, AttributeError) as error:  # of a changed program
        raise ModelError(
            f"The self-test of {path} cannot be run: {_first_line(error)}",
            "Export it again with this installation.",
        ) from None
    return require_self_test(found, model, metadata, path)


def require_self_test(
    found: Evaluation, model: OpenedModel, metadata: Metadata, path: Path
) -> dict[str, float]:
    """Compare what was found for the stored structure; see check_self_test."""
    count = len(model.selftest_species)
    energy = float((found.atomic_energies.sum() - model.selftest_energy).abs())
    deviations = {
        "energy": energy / count,
        "forces": _deviation(found.forces, model.selftest_forces),
        "virial": _deviation(found.virial, model.selftest_virial),
    }
    tolerance = SELF_TEST_TOLERANCE[metadata.dtype]
    wrong = {name: value for name, value in deviations.items() if not value <= tolerance}
    if wrong:
        raise ModelError(
            f"The self-test of {path} fails here: deviations {wrong}, at most "
            f"{tolerance:g} expected.",
            "This torch computes something else than the one that exported the file: export it "
            "again with this installation, and compare with the old results.",
        )
    return deviations


def _deviation(found: Tensor, stored: Tensor) -> float:
    return float((found - stored).abs().max() / stored.abs().max().clamp(min=1.0))


@contextmanager
def _torchscript() -> Iterator[None]:
    """TorchScript is deprecated, not removed: it is the one format that C++ runs everywhere."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*torch.jit.*")
        yield
