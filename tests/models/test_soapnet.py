"""SOAPNet: its descriptor is the power spectrum that dscribe computes."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
import torch
from ase import Atoms
from dscribe.descriptors import SOAP
from e3nn import get_optimization_defaults, set_optimization_defaults
from torch import Tensor, nn

from eippot.config.model import SOAPNetConfig
from eippot.errors import ConfigError
from eippot.graphs.batch import StructureBatch
from eippot.models.soapnet import GaussianTypeOrbitals, PowerSpectrum, SOAPNet
from eippot.testing.results import batch_of
from eippot.testing.structures import CUTOFF, SPECIES, cluster, isolated_atom, periodic, small_cell

DEFAULT = SOAPNetConfig()


class DscribeCutoff(nn.Module):
    """The cutoff function ``poly`` of dscribe, (1 + 2x³ − 3x²)ᵐ with m = 3."""

    def forward(self, distances: Tensor) -> Tensor:
        x = distances / CUTOFF
        return (1.0 + 2.0 * x**3 - 3.0 * x**2) ** 3


def _dscribe(atoms: Atoms, config: SOAPNetConfig) -> np.ndarray:
    descriptor = SOAP(
        species=SPECIES,
        r_cut=config.cutoff,
        n_max=config.n_max,
        l_max=config.l_max,
        sigma=config.sigma,
        rbf="gto",
        weighting={"function": "poly", "r0": config.cutoff, "c": 1.0, "m": 3.0},
        periodic=bool(atoms.pbc.all()),
    )
    found: np.ndarray = descriptor.create(atoms)
    return found


def _spectrum(model: PowerSpectrum, batch: StructureBatch) -> Tensor:
    spectrum: Tensor = model(batch.species, batch.edge_index, batch.edge_vectors)
    return spectrum.detach()


def _symmetric(spectrum: Tensor, config: SOAPNetConfig, channels: int) -> Tensor:
    """All components ``(n, l, a, n, b, n')`` from those with (a, n) ≤ (b, n')."""
    rows = channels * config.n_max
    upper = spectrum.view(len(spectrum), config.l_max + 1, -1)
    full = spectrum.new_zeros(len(spectrum), config.l_max + 1, rows, rows)
    row, column = torch.triu_indices(rows, rows)
    full[..., row, column] = upper
    full[..., column, row] = upper
    return full.view(len(spectrum), config.l_max + 1, channels, config.n_max, channels, -1)


def _in_their_order(spectrum: Tensor, config: SOAPNetConfig) -> np.ndarray:
    """Pairs of species first, then l, n and n'; n ≤ n' where the species are the same."""
    full = _symmetric(spectrum, config, len(SPECIES))
    row, column = torch.triu_indices(config.n_max, config.n_max)
    same = [full[:, :, a, :, a, :][..., row, column].flatten(1) for a in range(2)]
    mixed = full[:, :, 0, :, 1, :].flatten(1)
    return torch.cat([same[0], mixed, same[1]], dim=1).numpy()


@pytest.mark.parametrize("structure", [cluster, periodic, small_cell, isolated_atom])
@pytest.mark.parametrize(("n_max", "l_max", "sigma"), [(8, 6, 0.5), (3, 4, 1.0), (1, 0, 0.3)])
def test_the_descriptor_is_that_of_dscribe(
    structure: Callable[[], Atoms], n_max: int, l_max: int, sigma: float
) -> None:
    """Without mixing of species, before normalization, and with the same cutoff function."""
    config = SOAPNetConfig(cutoff=CUTOFF, n_max=n_max, l_max=l_max, sigma=sigma)
    model = PowerSpectrum(config, len(SPECIES)).double()
    model.radial.envelope = DscribeCutoff()
    expected = _dscribe(structure(), config)
    found = _in_their_order(_spectrum(model, batch_of([structure()])), config)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_in_single_precision_it_is_the_same() -> None:
    """The radial functions are small differences of large numbers, but not in float32."""
    config = SOAPNetConfig(cutoff=CUTOFF)
    model = PowerSpectrum(config, len(SPECIES))
    single = _spectrum(model, batch_of([periodic()], torch.float32)).double()
    double = _spectrum(model.double(), batch_of([periodic()]))
    assert (single - double).abs().max() < 1e-6 * double.abs().max()


def test_radial_functions_are_those_of_an_orthonormal_basis() -> None:
    """For a very narrow Gaussian, they are the basis functions times its integral."""
    sigma, degree = 1e-3, 3
    radial = GaussianTypeOrbitals(SOAPNetConfig(cutoff=CUTOFF, n_max=5, l_max=4, sigma=sigma))
    r = torch.linspace(0.0, 3 * CUTOFF, 4001, dtype=torch.float64)
    basis = radial(r)[degree] * r[:, None] ** degree / (2 * torch.pi * sigma**2) ** 1.5
    products = basis[:, :, None] * basis[:, None, :] * r[:, None, None].square()
    overlap = torch.trapezoid(products, r, dim=0)
    torch.testing.assert_close(overlap, torch.eye(5, dtype=torch.float64), rtol=0, atol=1e-4)


def test_channels_are_mixtures_of_species() -> None:
    """p of channels is p of species, contracted with the mixing matrix on both sides."""
    config = SOAPNetConfig(cutoff=CUTOFF, n_max=3, l_max=2, species_channels=1)
    batch = batch_of([periodic()])
    mixed = PowerSpectrum(config, 2).double()
    separate = PowerSpectrum(config.model_copy(update={"species_channels": 2}), 2).double()
    m = mixed.mixing.detach()  # (species, channels)
    full = _symmetric(_spectrum(separate, batch), config, channels=2)
    expected = torch.einsum("isanbt,ac,bd->iscndt", full, m, m)
    found = _symmetric(_spectrum(mixed, batch), config, channels=1)
    torch.testing.assert_close(found, expected)


def test_the_cost_does_not_grow_with_the_number_of_species() -> None:
    two, ten = (SOAPNet(DEFAULT, n_species, average_neighbors=20.0) for n_species in (2, 10))
    assert two.first.weight.shape == ten.first.weight.shape


def test_components_are_of_similar_size_where_neighbors_are_anywhere() -> None:
    """Over many random environments the mean of pₙₙₗ is that of an ideal gas, for every l > 0."""
    torch.manual_seed(0)
    n_atoms, n_neighbors = 2000, 20
    model = SOAPNet(SOAPNetConfig(cutoff=CUTOFF, n_max=4), 1, float(n_neighbors)).double()
    direction = torch.randn(n_atoms * n_neighbors, 3, dtype=torch.float64)
    radius = CUTOFF * torch.rand(n_atoms * n_neighbors, 1, dtype=torch.float64) ** (1 / 3)
    center = torch.arange(n_atoms).repeat_interleave(n_neighbors)
    species = torch.zeros(n_atoms, dtype=torch.int64)
    vectors = radius * nn.functional.normalize(direction)
    spectrum = model.spectrum(species, torch.stack([center, center]), vectors) * model.scale
    mean = _symmetric(spectrum.detach(), SOAPNetConfig(n_max=4), 1).mean(dim=0)[:, 0, :, 0, :]
    mean = mean.diagonal(dim1=1, dim2=2)[1:]  # (l_max, n_max)
    torch.testing.assert_close(mean, torch.ones_like(mean), rtol=0, atol=0.1)


def test_too_many_radial_functions_are_refused() -> None:
    with pytest.raises(ConfigError, match="n_max = 20"):
        PowerSpectrum(SOAPNetConfig(n_max=20), 1)


def test_it_is_copied_even_where_e3nn_makes_scripts() -> None:
    before = get_optimization_defaults()["jit_mode"]
    set_optimization_defaults(jit_mode="script")  # its default with torch before 2.10
    try:
        network = SOAPNet(DEFAULT, len(SPECIES), average_neighbors=20.0)
        assert get_optimization_defaults()["jit_mode"] == "script"
    finally:
        set_optimization_defaults(jit_mode=before)
    batch = batch_of([cluster()], torch.float32)
    inputs = (batch.species, batch.edge_index, batch.edge_vectors)
    assert torch.equal(deepcopy(network)(*inputs), network(*inputs))
