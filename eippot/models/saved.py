"""A model on disk: ``model.safetensors`` (weights) and ``model.json`` (everything else).

This is the source of truth of a trained model. Neither file can hold code; exported files are
built from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from eippot import units
from eippot.config.model import ModelConfig
from eippot.errors import ModelError
from eippot.models.factory import build_core, build_representation
from eippot.models.neighborhoods import TrainingNeighborhoods
from eippot.models.potential import Classifier, Potential
from eippot.version import __version__

FORMAT_VERSION = 1
WEIGHTS = "model.safetensors"
CARD = "model.json"

#: whether the weights tell what the training was on; those of earlier versions do not.
_NEIGHBORHOODS = "neighborhoods.counts"

#: what a potential's provenance names where EIPs had a part in it.
_TEACHERS = ("pretrained", "weak_labels")
_Eips = TypeAdapter(dict[str, str | None] | None)


class ModelCard(BaseModel):
    """Everything about a trained model but its weights.

    Attributes
    ----------
    kind
        ``potential`` (finetune), ``pretrained`` (one head per EIP) or ``classifier``.
    species
        Chemical symbols, in the order of species indices.
    reference_energies
        Energy of the isolated atom of each species [eV].
    average_neighbors
        Mean number of neighbors in the training set.
    scale
        Typical energy per atom [eV], see Potential.
    outputs
        Names of the heads or classes.
    dtype
        Number format of the weights.
    temperature
        Of a classifier: probabilities are softmax(scores / temperature).
    provenance
        Hashes of the split, versions, EIPs, and whatever else tells where the model comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    format_version: int = FORMAT_VERSION
    eippot_version: str = __version__
    kind: Literal["potential", "pretrained", "classifier"]
    model: ModelConfig
    species: tuple[str, ...] = Field(min_length=1)
    reference_energies: dict[str, float]
    average_neighbors: float
    scale: float
    outputs: tuple[str, ...]
    dtype: Literal["float32", "float64"]
    temperature: float = 1.0
    units: dict[str, str] = {"energy": units.ENERGY, "length": units.LENGTH}
    provenance: dict[str, object] = {}

    @model_validator(mode="after")
    def _knows_its_species(self) -> ModelCard:
        if unknown := set(self.species) - set(atomic_numbers):
            raise ValueError(f"expected chemical symbols, got {', '.join(sorted(unknown))}")
        if self.kind == "potential" and not set(self.species) <= set(self.reference_energies):
            raise ValueError("expected a reference energy of each species")
        return self

    @property
    def eips(self) -> dict[str, str | None] | None:
        """Sources of the EIPs that it learnt from, by name; None where an older file does not say.

        A source is None where the structures did not name it.
        """
        if "eips" in self.provenance:
            try:
                return _Eips.validate_python(self.provenance["eips"])
            except ValidationError as error:
                raise ModelError(f"Expected names and sources of EIPs in {CARD}: {error}") from None
        learnt = self.kind != "potential" or any(map(self.provenance.get, _TEACHERS))
        return None if learnt else {}


def build_potential(card: ModelCard) -> Potential:
    """Build the potential that a card describes, with random weights."""
    representation = build_representation(card.model, len(card.species), card.average_neighbors)
    core = build_core(card.model, card.species)
    potential = Potential(representation, len(card.species), len(card.outputs), card.scale, core)
    return potential.to(getattr(torch, card.dtype))


def build_classifier(card: ModelCard) -> Classifier:
    """Build the classifier that a card describes, with random weights."""
    representation = build_representation(card.model, len(card.species), card.average_neighbors)
    return Classifier(representation, len(card.outputs)).to(getattr(torch, card.dtype))


def save_model(directory: Path, card: ModelCard, model: nn.Module) -> None:
    """Write a model; the weights are written first, each file atomically."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    temporary = directory / f".{WEIGHTS}.part"
    temporary.write_bytes(save(weights))  # save_file makes it readable to its owner only
    temporary.replace(directory / WEIGHTS)
    temporary = directory / f".{CARD}.part"
    temporary.write_text(card.model_dump_json(indent=2))
    temporary.replace(directory / CARD)


def read_card_content(directory: Path) -> dict[str, Any]:
    """Read a model's card as it is written; nothing in it is looked for.

    Raises
    ------
    ModelError
        The directory holds no model, or one that this version cannot read.
    """
    path = directory / CARD
    if not path.is_file():
        raise ModelError(
            f"Expected a trained model in {directory}, got no {CARD} there.",
            "Give the run directory that `eippot pretrain` or `eippot finetune` wrote.",
        )
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None
    version = content.get("format_version") if isinstance(content, dict) else None
    if not isinstance(content, dict) or version != FORMAT_VERSION:
        raise ModelError(
            f"Expected format version {FORMAT_VERSION} in {path}, got {version!r:.60}."
        )
    return content


def load_card(directory: Path) -> ModelCard:
    """Read a model's card; raises ModelError (see read_card_content)."""
    content = read_card_content(directory)
    try:
        return ModelCard.model_validate(content)
    except ValidationError as error:
        raise ModelError(f"{directory / CARD} is damaged: {error}") from None


class _AsLargeAs(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Nothing far larger than the weights in a file is built for them, by a RuntimeError."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._left = 10**7 + 50 * sum(weight.numel() for weight in weights.values())

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Collection[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (whatever the operator gives)
        """Run an operator of torch, and count the numbers that it gives."""
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self._left -= result.numel()
        if self._left < 0:
            raise RuntimeError("the model is far larger than the weights")
        return result


def load_model(directory: Path) -> tuple[ModelCard, Potential | Classifier]:
    """Read a model with its weights; raises ModelError (see load_card)."""
    card = load_card(directory)
    build = build_classifier if card.kind == "classifier" else build_potential
    path = directory / WEIGHTS
    try:
        weights = load_file(path)
        with _AsLargeAs(weights):
            model = build(card)
            if isinstance(model, Potential) and _NEIGHBORHOODS in weights:
                dim = model.representation.dim
                known = TrainingNeighborhoods(len(card.species), dim)
                model.neighborhoods = known.to(model.scale.dtype)
        model.load_state_dict(weights)
    except (
        OSError,
        SafetensorError,
        RuntimeError,
        LookupError,
        ValueError,
        ArithmeticError,
    ) as error:
        raise ModelError(
            f"{path} is missing, damaged or does not fit {CARD}: {error}",
            "Train again, or restore the file from a copy.",
        ) from None
    return card, model
