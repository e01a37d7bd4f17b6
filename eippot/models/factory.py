"""From hyperparameters to an architecture."""

from __future__ import annotations

from eippot.config.model import ModelConfig
from eippot.models.base import Representation
from eippot.models.schnet import SchNet


def build_representation(
    config: ModelConfig, n_species: int, average_neighbors: float
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
    """
    return SchNet(config, n_species, average_neighbors)
