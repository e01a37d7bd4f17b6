"""What an exported file says of itself, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import torch
from ase.data import atomic_numbers
from pydantic import TypeAdapter, ValidationError

from eippot.deployment.exported import FORMAT_VERSION, Metadata, OpenedModel
from eippot.errors import ModelError

_EXPORT: Final = "`eippot export` writes exported models."
_METADATA: Final = TypeAdapter(Metadata)
#: what files of earlier versions do not say; they all have the rest.
_LATER: Final = ("eips", "training_neighborhoods")


def read_metadata(values: Mapping[str, Any], path: Path) -> Metadata:
    """Metadata out of the attributes of a file.

    Parameters
    ----------
    values
        The attributes; others may be among them.
    path
        The file, for messages.

    Raises
    ------
    ModelError
        The file is none of eippot's or of another format version, or an attribute is missing or
        has a value that it cannot have.
    """
    if "format_version" not in values:
        raise ModelError(f"{path} is a TorchScript file, but no model exported by eippot.", _EXPORT)
    version = values["format_version"]
    if version != FORMAT_VERSION:
        raise ModelError(
            f"Expected format version {FORMAT_VERSION} in {path}, got {version!r:.60}.",
            "Export the model again with this version of eippot.",
        )
    names = [field.name for field in fields(Metadata)]
    given = {name: values[name] for name in names if name in values}
    if missing := [name for name in names if name not in given and name not in _LATER]:
        raise ModelError(f"{path} is not a complete exported model: no {missing[0]}", _EXPORT)
    try:
        metadata = _METADATA.validate_python(given)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        raise ModelError(
            f"{path} is not a complete exported model: {name}: {problem['msg']}", _EXPORT
        ) from None
    species = metadata.species
    if len(set(species)) < len(species) or not set(species) <= set(atomic_numbers):
        raise ModelError(f"Expected different chemical symbols in {path}, got {species!r:.200}.")
    return metadata


def check_stored(model: OpenedModel, metadata: Metadata, path: Path) -> None:
    """Refuse a self-test whose arrays do not fit together, by a ModelError."""
    names = ("species", "edge_index", "edge_vectors", "energy", "forces", "virial")
    found = (getattr(model, f"selftest_{name}", None) for name in names)
    stored = [tensor for tensor in found if isinstance(tensor, torch.Tensor)]
    if len(stored) < len(names):
        raise ModelError(f"{path} is not a complete exported model: no self-test", _EXPORT)
    species, edge_index, *others = stored
    n_atoms, n_edges = species.numel(), edge_index.shape[-1] if edge_index.dim() else 0
    shapes = [(n_atoms,), (2, n_edges), (n_edges, 3), (), (n_atoms, 3), (3, 3)]
    if [tuple(tensor.shape) for tensor in stored] != shapes or n_atoms < 1 or n_edges < 1:
        raise ModelError(f"The self-test of {path} is damaged: its arrays do not fit together.")
    indices, floats = (species, edge_index), others
    if any(tensor.dtype != torch.int64 for tensor in indices) or any(
        tensor.dtype != torch.float64 for tensor in floats
    ):
        raise ModelError(f"The self-test of {path} is damaged: other number formats.")
    for tensor, count in zip(indices, (len(metadata.species), n_atoms), strict=True):
        if int(tensor.min()) < 0 or int(tensor.max()) >= count:
            raise ModelError(f"The self-test of {path} is damaged: an index beyond {count}.")
