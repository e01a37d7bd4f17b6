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
    model_validator,
)

from eippot.config.base import Config


class ArchitectureConfig(Config):
    """What every architecture has; its own hyperparameters are a subclass.

    An architecture outside of eippot is named by its import path, ``module:Class``, and its class
    has its hyperparameters as the attribute ``Config``.
    """

    architecture: str
    cutoff: float = Field(5.0, gt=0, description="Radius of the neighborhood of an atom [Å].")
    core: Literal["none", "zbl"] = Field(
        "none",
        description="zbl: the network adds to the screened repulsion of the nuclei at distances "
        "well below bond lengths (Ziegler, Biersack & Littmark 1985).",
    )


class SchNetConfig(ArchitectureConfig):
    """SchNet (Schütt et al. 2018), with a smooth cutoff."""

    architecture: Literal["schnet"] = "schnet"
    channels: int = Field(64, ge=1, le=10000, description="Features per atom.")
    interactions: int = Field(3, ge=1, le=100, description="Number of interaction blocks.")
    radial_functions: int = Field(
        12,
        ge=2,
        le=1000,
        description="Gaussians that expand a distance: few and wide ones make smooth forces.",
    )


class SOAPNetConfig(ArchitectureConfig):
    """MLP of the SOAP power spectrum (Bartók et al. 2013)."""

    architecture: Literal["soapnet"] = "soapnet"
    channels: int = Field(64, ge=1, le=10000, description="Features per atom.")
    layers: int = Field(3, ge=1, le=100, description="Layers of the MLP.")
    n_max: int = Field(8, ge=1, le=100, description="Number of radial functions.")
    l_max: int = Field(6, ge=0, le=11, description="Largest degree of the spherical harmonics.")
    sigma: float = Field(0.5, gt=0, description="Width of the Gaussian in place of an atom [Å].")
    species_channels: int = Field(
        2, ge=1, le=1000, description="Densities that the species are mixed to."
    )


class CGCNNConfig(ArchitectureConfig):
    """CGCNN (Xie, Grossman 2018), with a smooth cutoff."""

    architecture: Literal["cgcnn"] = "cgcnn"
    channels: int = Field(64, ge=1, le=10000, description="Features per atom.")
    convolutions: int = Field(3, ge=1, le=100, description="Number of graph convolutions.")
    radial_functions: int = Field(
        32, ge=2, le=1000, description="Gaussians that expand a distance."
    )


class GemNetConfig(ArchitectureConfig):
    """GemNet-T and GemNet-Q (Gasteiger et al. 2021)."""

    architecture: Literal["gemnet"] = "gemnet"
    channels: int = Field(64, ge=1, le=10000, description="Features per atom and per edge.")
    blocks: int = Field(3, ge=1, le=100, description="Number of interaction blocks.")
    radial_functions: int = Field(
        6, ge=1, le=100, description="Spherical Bessel functions per degree."
    )
    basis_channels: int = Field(
        16,
        ge=1,
        le=10000,
        description="Channels that the functions of triplets and quadruplets are put in.",
    )
    triplet_cutoff: float = Field(4.0, gt=0, description="Longest edge of a triplet [Å].")
    triplet_channels: int = Field(
        32, ge=1, le=10000, description="Channels of messages along triplets."
    )
    degrees: int = Field(
        7, ge=1, le=20, description="Legendre polynomials of the angle of a triplet."
    )
    quadruplets: bool = Field(False, description="Also send messages along quadruplets: GemNet-Q.")
    quadruplet_cutoff: float = Field(3.5, gt=0, description="Longest edge of a quadruplet [Å].")
    quadruplet_channels: int = Field(
        16, ge=1, le=10000, description="Channels of messages along quadruplets."
    )
    quadruplet_degrees: int = Field(
        4, ge=1, le=10, description="Degrees of the spherical harmonics of a quadruplet."
    )

    @model_validator(mode="after")
    def _cutoffs(self) -> GemNetConfig:
        names = ["triplet_cutoff"] + ["quadruplet_cutoff"] * self.quadruplets
        for name in names:
            if getattr(self, name) > self.cutoff:
                raise ValueError(f"expected a {name} of at most `cutoff`, which is {self.cutoff} Å")
        return self


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
    channels: int = Field(
        32, ge=1, le=10000, description="Features per atom of each degree and parity."
    )
    interactions: int = Field(3, ge=1, le=100, description="Number of interaction blocks.")
    radial_functions: int = Field(
        8, ge=1, le=1000, description="Bessel functions that expand a distance."
    )
    radial_width: int = Field(64, ge=1, le=10000, description="Width of the radial networks.")


BUILT_IN: dict[str, type[ArchitectureConfig]] = {
    "schnet": SchNetConfig,
    "soapnet": SOAPNetConfig,
    "cgcnn": CGCNNConfig,
    "gemnet": GemNetConfig,
    "equivariant": EquivariantConfig,
}
"""Hyperparameters of the architectures of eippot, by name."""

_IMPORTED = "module:Class"


def _tag(value: object) -> str:
    """Which branch of ModelConfig validates a value."""
    named = value.get("architecture", "soapnet") if isinstance(value, Mapping) else value
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
    | Annotated[SOAPNetConfig, Tag("soapnet")]
    | Annotated[CGCNNConfig, Tag("cgcnn")]
    | Annotated[GemNetConfig, Tag("gemnet")]
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
