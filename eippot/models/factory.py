"""From hyperparameters to an architecture."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ImportString, TypeAdapter

from eippot.config.model import ArchitectureConfig
from eippot.errors import ConfigError
from eippot.models.base import Representation
from eippot.models.blocks.zbl import ZBL

#: where the architectures of eippot live, by name; others are named by such a path themselves.
ARCHITECTURES = {
    "schnet": "eippot.models.schnet:SchNet",
    "soapnet": "eippot.models.soapnet:SOAPNet",
    "cgcnn": "eippot.models.cgcnn:CGCNN",
    "gemnet": "eippot.models.gemnet:GemNet",
    "equivariant": "eippot.models.equivariant:Equivariant",
}


def build_representation(
    config: ArchitectureConfig, n_species: int, average_neighbors: float
) -> Representation:
    """Build the architecture that a configuration names, with random weights.

    Parameters
    ----------
    config
        Hyperparameters.
    n_species
        Number of species.
    average_neighbors
        Mean number of neighbors in the training set.

    Raises
    ------
    ConfigError
        The named class is no Representation.
    """
    architecture = find_architecture(config.architecture)
    return architecture(config, n_species, average_neighbors)  # type: ignore[arg-type, call-arg]


def find_architecture(name: str) -> type[Representation]:
    """The class that ``architecture`` in a configuration names.

    Raises
    ------
    ConfigError
        It is no Representation.
    """
    path = ARCHITECTURES.get(name, name)
    architecture: object = TypeAdapter(ImportString[object]).validate_python(path)
    if not (isinstance(architecture, type) and issubclass(architecture, Representation)):
        raise ConfigError(
            f"Expected `architecture` to name a subclass of eippot.models.base.Representation, "
            f"got {path}."
        )
    return architecture


def build_core(config: ArchitectureConfig, species: Sequence[str]) -> ZBL | None:
    """Build the repulsion of nuclei that a configuration asks for, if it does.

    Parameters
    ----------
    config
        Hyperparameters.
    species
        Chemical symbols, in the order of species indices.
    """
    return ZBL(species, config.cutoff) if config.core == "zbl" else None
