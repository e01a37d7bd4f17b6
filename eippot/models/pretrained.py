"""The representation that a pretraining left, to start another training from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from eippot.config.model import ArchitectureConfig, SOAPNetConfig
from eippot.errors import ConfigError
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, load_model


@dataclass(frozen=True)
class Pretrained:
    """A run of ``eippot pretrain``.

    Attributes
    ----------
    card
        What it says of itself.
    potential
        The trained network, with one energy head per EIP.
    """

    card: ModelCard
    potential: Potential

    def start(self, model: nn.Module) -> None:
        """Copy the weights into the representation of a model that was built from the same card."""
        weights = self.potential.representation.state_dict()
        model.get_submodule("representation").load_state_dict(weights)


def load_pretrained(directory: Path | None, model: ArchitectureConfig | None) -> Pretrained | None:
    """Read a run of pretrain; None where there is none to start from.

    Parameters
    ----------
    directory
        The run directory, if any.
    model
        The architecture that the configuration asks for; None for the one that was pretrained.

    Raises
    ------
    ModelError
        The directory holds no model, or a damaged one.
    ConfigError
        It holds another kind of model, or another architecture than is asked for.
    """
    if directory is None:
        return None
    card, trained = load_model(directory)
    if card.kind != "pretrained" or not isinstance(trained, Potential):
        raise ConfigError(
            f"Expected a run of `eippot pretrain` in {directory}, got one whose model is of the "
            f"kind `{card.kind}`."
        )
    if model not in (None, card.model):
        raise ConfigError(
            f"Expected the `model` that was pretrained in {directory} ({card.model}), got {model}.",
            "Leave `model` out: it is taken from the pretrained run.",
        )
    return Pretrained(card, trained)


def model_config(
    pretrained: Pretrained | None, model: ArchitectureConfig | None
) -> ArchitectureConfig:
    """Architecture to train: the pretrained one, else the one asked for, else the default."""
    return pretrained.card.model if pretrained else model or SOAPNetConfig()
