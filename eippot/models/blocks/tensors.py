"""Spherical tensors: harmonics of directions, and their products with features.

The conventions are those of e3nn (Geiger & Smidt, arXiv:2207.09453): real spherical harmonics and
coupling coefficients of ``e3nn.o3``, component normalization.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from e3nn.o3 import Irrep, wigner_3j
from torch import Tensor, nn


class Constants(nn.Module):
    """Coefficients that stay exact when a module goes to another number format and back.

    A buffer would be rounded on its way through float32, and a network of float64 then be
    equivariant to seven digits only. Two float32 numbers have 48 bits in their sum.

    Parameters
    ----------
    values
        Coefficients, float64.
    """

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        high = values.to(torch.float32)
        self.high = nn.Buffer(high, persistent=False)
        self.low = nn.Buffer((values - high).to(torch.float32), persistent=False)

    def forward(self) -> Tensor:
        """The coefficients, in the number format of the module."""
        return self.high + self.low

    def exact(self) -> Tensor:
        """The coefficients, float64."""
        return self.high.double() + self.low.double()


class SphericalHarmonics(nn.Module):
    """Real spherical harmonics Y⁰ … Yˡᵐᵃˣ as polynomials of a vector, |Yˡ(r)|² = (2l+1) r²ˡ.

    Yˡ⁺¹ ∝ (Yˡ ⊗ r) coupled to l+1, hence Yˡ is linear in the products r ⊗ … ⊗ r of l vectors.

    Parameters
    ----------
    l_max
        Highest degree.
    """

    def __init__(self, l_max: int) -> None:
        super().__init__()
        self.l_max = l_max
        degrees = [torch.ones((1, 1), dtype=torch.float64)]  # (3ˡ, 2l+1) each
        for degree in range(1, l_max + 1):
            coupling = wigner_3j(degree - 1, 1, degree, dtype=torch.float64)
            harmonics = torch.einsum("pi,iam->pam", degrees[-1], coupling).flatten(0, 1)
            along_z = harmonics[-1].norm()  # where only z ⊗ … ⊗ z is left
            degrees.append(harmonics * math.sqrt(2 * degree + 1) / along_z)
        self.coefficients = Constants(torch.block_diag(*degrees))  # type: ignore[no-untyped-call]

    def forward(self, vectors: Tensor) -> Tensor:
        """``(E, 3)`` → ``(E, (l_max+1)²)``."""
        powers = [torch.ones_like(vectors[:, :1])]  # (E, 3ˡ) each
        for _ in range(self.l_max):
            powers.append((powers[-1].unsqueeze(2) * vectors.unsqueeze(1)).flatten(1))
        harmonics: Tensor = torch.cat(powers, dim=1) @ self.coefficients()
        return harmonics


class TensorProduct(nn.Module):
    """Products of features with spherical harmonics, channel by channel ("uvu" in e3nn).

    A path p couples features of degree l₁ and harmonics of degree l₂ to degree l₃:
    zᵖₘc = wᵖc √(2l₃+1) Σᵢⱼ Cᵖᵢⱼₘ xᵢc Yⱼ. All couplings of an edge to its harmonics are one small
    matrix, which multiplies all channels at once.

    Parameters
    ----------
    irreps_in
        Irreps of the features, each with the same number of channels.
    l_max
        Highest degree of the harmonics.
    irreps_out
        Irreps wanted; paths are all that lead from ``irreps_in`` to one of them.
    """

    def __init__(self, irreps_in: Sequence[Irrep], l_max: int, irreps_out: Sequence[Irrep]) -> None:
        super().__init__()
        harmonics = spherical_irreps(l_max)
        columns, width = _slices(irreps_in), sum(ir.dim for ir in irreps_in)
        rows, size = _slices(harmonics), sum(ir.dim for ir in harmonics)
        blocks = []
        self.dims = [ir.dim for ir in irreps_out]
        self.counts: list[int] = []
        for out in irreps_out:
            paths = [
                (one, two)
                for one, a in enumerate(irreps_in)
                for two, b in enumerate(harmonics)
                if out in a * b
            ]
            block = torch.zeros((size, out.dim, len(paths), width), dtype=torch.float64)
            for path, (one, two) in enumerate(paths):
                coupling = wigner_3j(irreps_in[one].l, two, out.l, dtype=torch.float64)
                block[rows[two], :, path, columns[one]] = coupling.permute(1, 2, 0)
            blocks.append(math.sqrt(out.dim) * block.flatten(1, 2))
            self.counts.append(len(paths))
        self.n_paths = sum(self.counts)
        self.sizes = [d * count for d, count in zip(self.dims, self.counts, strict=True)]
        self.width = width
        self.couplings = Constants(torch.cat(blocks, dim=1).flatten(1))

    def forward(self, features: Tensor, harmonics: Tensor, weights: Tensor) -> list[Tensor]:
        """All products on every edge.

        Parameters
        ----------
        features
            ``(E, D, C)``, D components of the irreps and C channels.
        harmonics
            ``(E, (l_max+1)²)``.
        weights
            ``(E, n_paths, C)``.

        Returns
        -------
        list of Tensor
            ``(E, 2l+1, paths·C)`` for each of ``irreps_out``.
        """
        n_edges, _, channels = features.shape
        couplings = harmonics @ self.couplings()  # (E, Σ sizes · D)
        coupled = torch.bmm(couplings.view(n_edges, sum(self.sizes), self.width), features)
        products: list[Tensor] = []
        weights_of = weights.split_with_sizes(self.counts, dim=1)
        for index, product in enumerate(coupled.split_with_sizes(self.sizes, dim=1)):
            dim, count = self.dims[index], self.counts[index]
            product = product.reshape(n_edges, dim, count, channels)
            products.append((product * weights_of[index].unsqueeze(1)).flatten(2))
        return products


def spherical_irreps(l_max: int) -> list[Irrep]:
    """Irreps of the spherical harmonics up to a degree: 0e, 1o, 2e and so on."""
    return [Irrep(degree, (-1) ** degree) for degree in range(l_max + 1)]


def _slices(irreps: Sequence[Irrep]) -> list[slice]:
    """Where the components of each irrep are in their concatenation."""
    ends = torch.tensor([ir.dim for ir in irreps]).cumsum(0).tolist()
    return [slice(end - ir.dim, end) for end, ir in zip(ends, irreps, strict=True)]
