"""Stacking: a Gaussian process that corrects EIPs with what a pretrained network sees.

Which EIP is wrong by how much depends on the structure. A Gaussian process over the energies of all
EIPs and over the features of a pretrained representation learns it from few DFT labels, and tells
how sure it is (stacked generalization: D. H. Wolpert, Neural Networks 5, 241, 1992; Gaussian
processes: C. E. Rasmussen, C. K. I. Williams, MIT Press 2006).
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from eippot.data.loaders import validation_loader
from eippot.data.store import GraphStore
from eippot.graphs.batch import StructureBatch
from eippot.models.base import Representation

#: of the kernel's size and length.
_BOUNDS = (1e-4, 1e4)

#: descriptors farther from their median than this multiple of the median deviation are clipped.
_WILD = 20.0


class Stack:
    """Energies per atom from descriptors of structures, with standard deviations.

    Parameters
    ----------
    descriptors
        ``(m, d)`` of the DFT-labelled structures; any units, each column is scaled.
    energies
        ``(m,)`` DFT energies above the isolated atoms [eV/atom].
    """

    def __init__(self, descriptors: np.ndarray, energies: np.ndarray) -> None:
        middle = np.median(descriptors, axis=0)
        deviation = np.median(np.abs(descriptors - middle), axis=0)
        reach = np.where(deviation > 0, _WILD * deviation, np.inf)
        self._lowest, self._highest = middle - reach, middle + reach
        clipped = self._clipped(descriptors)
        self._mean, self._width = clipped.mean(axis=0), clipped.std(axis=0)
        self._width[self._width == 0] = 1.0
        smooth = ConstantKernel(1.0, _BOUNDS) * Matern(descriptors.shape[1] ** 0.5, _BOUNDS, nu=1.5)
        self._process = GaussianProcessRegressor(
            smooth + WhiteKernel(1e-2, (1e-6, 1e1)),
            normalize_y=True,
            n_restarts_optimizer=2,
            random_state=0,
        )
        with warnings.catch_warnings():  # a hyperparameter at its bound does no harm
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process.fit(self._scaled(descriptors), energies)

    def predict(self, descriptors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies ``(n,)`` above the isolated atoms and their deviations ``(n,)`` [eV/atom]."""
        if len(descriptors) == 0:
            return np.zeros(0), np.zeros(0)
        mean, deviation = self._process.predict(self._scaled(descriptors), return_std=True)
        return np.asarray(mean), np.asarray(deviation)

    def _clipped(self, descriptors: np.ndarray) -> np.ndarray:
        clipped: np.ndarray = np.clip(descriptors, self._lowest, self._highest)
        return clipped

    def _scaled(self, descriptors: np.ndarray) -> np.ndarray:
        """Columns of mean zero and unit width, without the wild values of EIPs that fail."""
        scaled: np.ndarray = (self._clipped(descriptors) - self._mean) / self._width
        return scaled


def mean_features(representation: Representation, graphs: GraphStore) -> np.ndarray:
    """Features of each structure: the mean over its atoms, ``(structures, dim)``, float64."""
    rows = [np.zeros((0, representation.dim))]
    with torch.no_grad():
        for batch in validation_loader(graphs):
            s = StructureBatch.of(batch)
            features = representation(s.species, s.edge_index, s.edge_vectors)
            total = features.new_zeros(s.n_structures, representation.dim)
            total.index_add_(0, s.structure, features)
            rows.append((total / s.sizes.unsqueeze(1)).double().numpy())
    return np.concatenate(rows)
