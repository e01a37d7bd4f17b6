"""SOAPNet: an MLP of the SOAP power spectrum (Bartók et al. 2013)."""

from __future__ import annotations

import math
from copy import deepcopy

import torch
from e3nn import get_optimization_defaults, set_optimization_defaults
from e3nn.o3 import SphericalHarmonics
from torch import Tensor, nn

from eippot.config.model import SOAPNetConfig
from eippot.errors import ConfigError
from eippot.models.base import Representation, sum_over_neighbors
from eippot.models.blocks.radial import PolynomialCutoff, ShiftedSoftplus, edge_lengths
from eippot.models.blocks.table import RadialTable


class SOAPNet(Representation):
    """An atom's features are an MLP of its power spectrum and its species.

    Parameters
    ----------
    config
        Hyperparameters.
    n_species
        Number of species S.
    average_neighbors
        Mean number of neighbors in the training set. The power spectrum is divided, component by
        component, by its size in an ideal gas of this density, so that all components count.
    """

    citation = (
        "A. P. Bartók, R. Kondor, G. Csányi, On representing chemical environments, "
        "Phys. Rev. B 87, 184115 (2013)"
    )

    def __init__(self, config: SOAPNetConfig, n_species: int, average_neighbors: float) -> None:
        super().__init__(
            cutoff=config.cutoff,
            dim=config.channels,
            n_exchanges=0,
            interaction_range=config.cutoff,
        )
        self.spectrum = PowerSpectrum(config, n_species)
        size = self.spectrum.size_in_ideal_gas(max(average_neighbors, 1.0))
        self.scale = nn.Buffer(1.0 / size, persistent=False)
        self.embedding = nn.Embedding(n_species, config.channels)
        self.first = nn.Linear(len(size), config.channels)
        layers: list[nn.Module] = [ShiftedSoftplus()]
        for _ in range(config.layers - 1):
            layers += [nn.Linear(config.channels, config.channels), ShiftedSoftplus()]
        self.layers = nn.Sequential(*layers)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Features ``(n, channels)``; see Representation."""
        spectrum = self.scale * self.spectrum(species, edge_index, edge_vectors)  # (n, P)
        features: Tensor = self.layers(self.first(spectrum) + self.embedding(species))
        return features

    def tabulated(self, bins: int) -> SOAPNet:
        """The same, with radial functions from a table."""
        other = deepcopy(self)
        other.spectrum.radial = TabulatedFunctions(self.spectrum.radial, self.cutoff, bins)
        return other


class PowerSpectrum(nn.Module):
    """Power spectrum of the smeared neighbor density (Bartók et al. 2013, section IV).

    The atoms of species s around an atom, itself included, are the density
    ρ_s(r) = Σ_j u(r_j) exp(−|r − r_j|²/2σ²), with the cutoff function u. Its coefficients c_snlm in
    an orthonormal basis R_nl(r) Y_lm are mixed to few channels a, c_anlm = Σ_s M_sa c_snlm
    (Willatt, Musil, Ceriotti, PCCP 20, 29661, 2018), so that their number does not grow with that
    of species. M is learned, or the unit matrix if there is a channel for every species. Then

    p = π √(8/(2l + 1)) Σ_m c_anlm c_bn'lm  for every l and every pair (a, n) ≤ (b, n'),

    with the prefactor of dscribe (Himanen et al., Comput. Phys. Commun. 247, 106949, 2020).

    Parameters
    ----------
    config
        Hyperparameters.
    n_species
        Number of species S.
    """

    def __init__(self, config: SOAPNetConfig, n_species: int) -> None:
        super().__init__()
        degrees = list(range(config.l_max + 1))
        channels = min(config.species_channels, n_species)
        self.cutoff = config.cutoff
        self.n_species = n_species
        self.rows = channels * config.n_max
        self.orders = [2 * degree + 1 for degree in degrees]
        self.radial: nn.Module = RadialFunctions(config)
        self.harmonics = _harmonics(degrees)
        if channels == n_species:
            self.mixing: Tensor = nn.Buffer(torch.eye(n_species), persistent=False)
        else:
            self.mixing = nn.Parameter(torch.randn(n_species, channels))
        row, column = torch.triu_indices(self.rows, self.rows)
        self.pairs = nn.Buffer(row * self.rows + column, persistent=False)

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        """Components ``(n, P)``, one l after the other; arguments as for Representation."""
        n_atoms = species.shape[0]
        itself = torch.arange(n_atoms, device=species.device)
        center = torch.cat([edge_index[0], itself])  # (E + n,)
        neighbor = torch.cat([edge_index[1], itself])
        vectors = torch.cat([edge_vectors, edge_vectors.new_zeros((n_atoms, 3))])
        distances = edge_lengths(vectors)
        radial = self.radial(distances)  # (l_max + 1, E + n, n_max)
        harmonics = self.harmonics(vectors).split(self.orders, dim=1)  # (E + n, 2l + 1) for each l
        group = center * self.n_species + species.index_select(0, neighbor)
        spectrum = []
        for r, y in zip(radial.unbind(0), harmonics):  # noqa: B905 (TorchScript has no strict)
            orders = y.shape[1]
            products = (r.unsqueeze(2) * y.unsqueeze(1)).flatten(1)  # (E + n, n_max · orders)
            density = sum_over_neighbors(products, group, n_atoms * self.n_species)
            density = density.view(n_atoms, self.n_species, products.shape[1])
            c = torch.matmul(self.mixing.t(), density).view(n_atoms, self.rows, orders)
            p = torch.bmm(c, c.transpose(1, 2)).flatten(1).index_select(1, self.pairs)
            spectrum.append(math.pi * math.sqrt(8.0 / orders) * p)
        return torch.cat(spectrum, dim=1)

    def size_in_ideal_gas(self, average_neighbors: float) -> Tensor:
        """Size ``(P,)`` of the components where neighbors are anywhere, with the same density.

        Independent atoms of density ϱ give ⟨c_nlm²⟩ = ϱ ∫ g_nl² r² dr, without the mean for l = 0,
        where g_nl Y_lm is what one atom contributes. This is p for (a, n) = (b, n'), and the
        geometric mean of two such p for the other pairs.
        """
        r = torch.linspace(0.0, self.cutoff, 1001, dtype=torch.float64)
        density = average_neighbors / (4.0 / 3.0 * math.pi * self.cutoff**3)
        orders = torch.tensor(self.orders)[:, None]  # (l_max + 1, 1)
        g = self.radial(r) * r[:, None] ** ((orders[:, None] - 1) // 2)
        c = (density * torch.trapezoid(g.square() * r.square()[:, None], r, dim=1)).sqrt()
        rows = c.repeat(1, self.rows // c.shape[1])  # (l_max + 1, rows)
        pairs = rows[:, self.pairs // self.rows] * rows[:, self.pairs % self.rows]
        return (math.pi * (8.0 * orders).sqrt() * pairs).flatten().float()


class RadialFunctions(nn.Module):
    """What a neighbor adds to the density, as a function of its distance: g_nl(r) u(r).

    Parameters
    ----------
    config
        Hyperparameters.
    """

    def __init__(self, config: SOAPNetConfig) -> None:
        super().__init__()
        self.orbitals = GaussianTypeOrbitals(config)
        self.envelope = PolynomialCutoff(config.cutoff)

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(l_max + 1, E, n_max)``, without the factor rˡ."""
        radial: Tensor = self.orbitals(distances) * self.envelope(distances).unsqueeze(1)
        return radial


class TabulatedFunctions(nn.Module):
    """Radial functions that are read from a table, where RadialFunctions would compute them.

    Parameters
    ----------
    original
        The functions.
    cutoff
        Beyond which they are zero [Å].
    bins
        Pieces of the table.
    """

    def __init__(self, original: nn.Module, cutoff: float, bins: int) -> None:
        super().__init__()
        self.n_degrees = len(original(torch.zeros(1)))
        self.table = RadialTable(lambda r: original(r).transpose(0, 1).flatten(1), cutoff, bins)

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(l_max + 1, E, n_max)``, without the factor rˡ."""
        values = self.table(distances)  # (E, (l_max + 1) · n_max)
        radial: Tensor = values.view(len(values), self.n_degrees, -1).transpose(0, 1)
        return radial


class GaussianTypeOrbitals(nn.Module):
    """Radial functions of a Gaussian at distance r, in the basis of dscribe (Himanen et al. 2020).

    The basis is R_nl(r) = Σ_k β_lnk rˡ exp(−α_lk r²), orthonormal on 0 … ∞ by Löwdin's β = S^−½,
    where α is such that the primitive functions have fallen to 0.001 at n_max distances from 1 Å to
    the cutoff. The coefficients of a Gaussian of width σ at r are then g_nl(r) rˡ Y_lm, where

    g_nl(r) = Σ_k β_lnk (π/(α_lk + η))^(3/2) (η/(α_lk + η))ˡ exp(−r² α_lk η/(α_lk + η)), η = 1/2σ².

    The primitive functions are so similar that thousandths of them remain in the sum. It is done in
    float64 in any case; therefore its constants are no buffers.

    Parameters
    ----------
    config
        Hyperparameters.

    Raises
    ------
    ConfigError
        There are too many radial functions to be independent.
    """

    def __init__(self, config: SOAPNetConfig) -> None:
        super().__init__()
        reach = torch.linspace(1.0, config.cutoff, config.n_max, dtype=torch.float64)
        degree = torch.arange(config.l_max + 1, dtype=torch.float64)[:, None]
        alpha = (degree * reach.log() - math.log(1e-3)) / reach.square()  # (l_max + 1, n_max)
        power = degree[:, :, None] + 1.5
        overlap = 0.5 * power.lgamma().exp() * (alpha[:, :, None] + alpha[:, None, :]) ** -power
        beta = _inverse_square_root(overlap)
        eta = 0.5 / config.sigma**2
        smearing = (math.pi / (alpha + eta)) ** 1.5 * (eta / (alpha + eta)) ** degree
        self.exponents = (-alpha * eta / (alpha + eta))[:, None, :]
        self.weights = smearing[:, :, None] * beta  # (l_max + 1, k, n)

    def forward(self, distances: Tensor) -> Tensor:
        """``(E,)`` [Å] → ``(l_max + 1, E, n_max)``, without the factor rˡ."""
        exponents, weights = self.exponents.to(distances.device), self.weights.to(distances.device)
        primitives = torch.exp(exponents * distances.double().square()[:, None])
        radial: Tensor = torch.matmul(primitives, weights).to(distances.dtype)
        return radial


def _harmonics(degrees: list[int]) -> SphericalHarmonics:
    """Real spherical harmonics times |r|ˡ.

    With torch before 2.10, e3nn makes a script of their function, which cannot be copied.
    """
    before = get_optimization_defaults()["jit_mode"]
    set_optimization_defaults(jit_mode="eager")
    try:
        return SphericalHarmonics(degrees, normalize=False)
    finally:
        set_optimization_defaults(jit_mode=before)


def _inverse_square_root(overlap: Tensor) -> Tensor:
    """S^−½ of each matrix ``(l_max + 1, n_max, n_max)``.

    From the Cholesky factor, which has twice as many good digits as S: where S has few, the result
    would depend on the machine.
    """
    factor, failed = torch.linalg.cholesky_ex(overlap)
    independent = factor.diagonal(dim1=1, dim2=2).square() / overlap.diagonal(dim1=1, dim2=2)
    if failed.any() or independent.min() < 1e-12:
        raise ConfigError(
            f"Expected independent radial functions, got n_max = {overlap.shape[1]}, too many for "
            "the cutoff.",
            "Choose a smaller n_max, or a larger cutoff.",
        )
    vectors, roots, _ = torch.linalg.svd(factor)
    inverse: Tensor = (vectors / roots[:, None, :]) @ vectors.transpose(1, 2)
    return inverse
