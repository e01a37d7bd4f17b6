"""An architecture is found by its name, or by its import path."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from eippot.config.model import ArchitectureConfig
from eippot.config.stages import PretrainConfig
from eippot.errors import ConfigError
from eippot.models.base import Representation
from eippot.models.factory import ARCHITECTURES, build_representation
from eippot.models.saved import ModelCard
from tests.networks import SMALL

HERE = __name__


class CountingConfig(ArchitectureConfig):
    """Options of the architecture below."""

    architecture: Literal["tests.models.test_factory:Counting"] = (
        "tests.models.test_factory:Counting"
    )
    dim: int = 3


class Counting(Representation):
    """The features of an atom are its number of neighbors."""

    Config = CountingConfig

    def __init__(self, config: CountingConfig, n_species: int, average_neighbors: float) -> None:
        super().__init__(config.cutoff, config.dim, 0, config.cutoff)
        self.weights = nn.Parameter(torch.full((n_species, config.dim), 1 / average_neighbors))

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        count = torch.bincount(edge_index[0], minlength=len(species)).unsqueeze(1)
        return count * self.weights[species]


def _card(model: object) -> ModelCard:
    return ModelCard.model_validate(
        {
            "kind": "potential",
            "model": model,
            "species": ["Si"],
            "reference_energies": {"Si": 0.0},
            "average_neighbors": 4.0,
            "scale": 1.0,
            "outputs": ["dft"],
            "dtype": "float64",
        }
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_built_in_architectures_are_found(name: str) -> None:
    card = _card({"architecture": name})
    built = build_representation(card.model, 1, 4.0)
    assert type(built).__module__ == f"eippot.models.{name}"
    assert ModelCard.model_validate_json(card.model_dump_json()) == card


def test_an_architecture_outside_of_eippot() -> None:
    card = _card({"architecture": f"{HERE}:Counting", "dim": 5})
    assert isinstance(card.model, CountingConfig)
    assert isinstance(build_representation(card.model, 1, 4.0), Counting)
    assert ModelCard.model_validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"architecture": f"{HERE}:Counting", "dimension": 5}, "dimension"),
        ({"architecture": f"{HERE}:CountingConfig"}, "attribute `Config`"),
        ({"architecture": "not_there:Model"}, "not_there"),
        ({"architecture": "foo"}, "one of schnet"),
    ],
)
def test_what_is_no_architecture_is_refused(model: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PretrainConfig.model_validate({"data": {"structures": "a"}, "output": "b", "model": model})


def test_a_class_that_is_no_representation_is_refused() -> None:
    class Wrong(ArchitectureConfig):
        architecture: str = f"{HERE}:CountingConfig"

    with pytest.raises(ConfigError, match="subclass of eippot.models.base.Representation"):
        build_representation(Wrong(), 1, 4.0)
    assert isinstance(build_representation(SMALL, 1, 4.0), Representation)
