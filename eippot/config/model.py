"""Hyperparameters of the architectures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    ImportString,
    SerializeAsAny,
    Tag,
    TypeAdapter,
)

from eippot.config.base import Config


class ArchitectureConfig(Config):
    """What every architecture has; its own hyperparameters are a subclass.

    An architecture outside of eippot is named by its import path, ``module:Class``, and its class
    has its hyperparameters as the attribute ``Config``.
    """

    architecture: str
    cutoff: float = Field(5.0, gt=0, description="Radius of the neighborhood of an atom [Å].")


class SchNetConfig(ArchitectureConfig):
    """SchNet (Schütt et al. 2018), with a smooth cutoff."""

    architecture: Literal["schnet"] = "schnet"
    channels: int = Field(64, ge=1, description="Features per atom.")
    interactions: int = Field(3, ge=1, description="Number of interaction blocks.")
    radial_functions: int = Field(32, ge=2, description="Gaussians that expand a distance.")


class EquivariantConfig(ArchitectureConfig):
    """NequIP (Batzner et al. 2022): equivariant convolutions."""

    architecture: Literal["equivariant"] = "equivariant"
    l_max: int = Field(
        2, ge=1, le=4, description="Highest degree of the harmonics and of the features."
    )
    parity: bool = Field(
        False,
        description="Features of both parities for each degree, also pseudoscalars, pseudovectors "
        "and so on; makes a difference from four interactions on.",
    )
    channels: int = Field(32, ge=1, description="Features per atom of each degree and parity.")
    interactions: int = Field(3, ge=1, description="Number of interaction blocks.")
    radial_functions: int = Field(8, ge=1, description="Bessel functions that expand a distance.")
    radial_width: int = Field(64, ge=1, description="Width of the radial networks.")


BUILT_IN: dict[str, type[ArchitectureConfig]] = {
    "schnet": SchNetConfig,
    "equivariant": EquivariantConfig,
}
"""Hyperparameters of the architectures of eippot, by name."""

_IMPORTED = "module:Class"


def _tag(value: object) -> str:
    """Which branch of ModelConfig validates a value."""
    named = value.get("architecture", "schnet") if isinstance(value, Mapping) else value
    name = str(getattr(named, "architecture", named))
    return _IMPORTED if ":" in name else name


def _import(value: object) -> object:
    """Turn the entries of an architecture outside of eippot into its own configuration."""
    if not isinstance(value, Mapping):
        return value
    architecture: object = TypeAdapter(ImportString[object]).validate_python(value["architecture"])
    kind = getattr(architecture, "Config", None)
    if not (isinstance(kind, type) and issubclass(kind, ArchitectureConfig)):
        raise ValueError(
            f"expected a class with an attribute `Config`, a subclass of "
            f"eippot.config.model.ArchitectureConfig, got {architecture!r}"
        )
    return kind.model_validate(value)


ModelConfig = Annotated[
    Annotated[SchNetConfig, Tag("schnet")]
    | Annotated[EquivariantConfig, Tag("equivariant")]
    | Annotated[SerializeAsAny[ArchitectureConfig], BeforeValidator(_import), Tag(_IMPORTED)],
    Discriminator(
        _tag,
        custom_error_type="unknown_architecture",
        custom_error_message=f"expected one of {', '.join(BUILT_IN)}, or the import path "
        "module:Class of another architecture",
    ),
]
"""Hyperparameters of any architecture."""
