"""What a potential was trained on, for its extrapolation grade."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor

from eippot.data.loaders import validation_loader
from eippot.data.store import GraphStore
from eippot.graphs.batch import StructureBatch
from eippot.models.neighborhoods import TrainingNeighborhoods
from eippot.models.potential import Potential

#: share of the training's neighborhoods with a grade below 1.
SHARE: Final = 0.999
#: variances count as so much of the largest one at least: below is what training did not notice,
#: and noise.
_SMALLEST: Final = 1e-6
#: and as so much of the mean square of the hidden layer, which is what float32 resolves of it.
_RESOLUTION: Final = 1e-12


def training_neighborhoods(model: Potential, graphs: GraphStore) -> TrainingNeighborhoods:
    """Where the atoms of the training lie; they are evaluated twice.

    Covariances are those of all elements together, each about its own mean, so that elements with
    few atoms have one.

    Parameters
    ----------
    model
        The trained potential.
    graphs
        The DFT-labelled structures that it learnt from.
    """
    n_species, dim = model.n_species, model.representation.dim
    counts = torch.zeros(n_species, dtype=torch.int64)
    sums = torch.zeros((n_species, dim), dtype=torch.float64)
    squares = torch.zeros((dim, dim), dtype=torch.float64)
    for hidden, species in _hidden(model, graphs):
        counts += species.bincount(minlength=n_species)
        sums.index_add_(0, species, hidden)
        squares += hidden.T @ hidden
    total = counts.sum()
    mean = sums / counts.clamp(min=1).unsqueeze(1)  # (S, dim)
    covariance = (squares - mean.T @ (counts.unsqueeze(1) * mean)) / total
    variances, directions = torch.linalg.eigh(covariance)
    smallest = _SMALLEST * variances.max() + _RESOLUTION * squares.trace() / (total * dim)
    found = TrainingNeighborhoods(n_species, dim).double()
    found.counts, found.mean = counts, mean
    found.metric = directions / (variances.clamp(min=0.0) + smallest).sqrt()
    grades = torch.cat([found(*each) for each in _hidden(model, graphs)])
    rank = math.ceil(SHARE * (len(grades) - 1))
    unit = grades.sort().values[rank].clamp(min=1.0)  # one atom spreads nowhere
    found.metric = found.metric / unit
    return found.to(model.scale.dtype)


def _hidden(model: Potential, graphs: GraphStore) -> Iterator[tuple[Tensor, Tensor]]:
    """The hidden layer ``(n, dim)`` in float64 and species ``(n,)`` of the atoms of a batch."""
    for batch in validation_loader(graphs):
        s = StructureBatch.of(batch)
        with torch.no_grad():
            features = model.representation(s.species, s.edge_index, s.edge_vectors)
            yield model.heads.hidden(features).double(), s.species
