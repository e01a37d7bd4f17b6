"""What acts on the tensor features of each atom alone: linear maps and the gate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class SelfInteraction(nn.Module):
    """A linear map of the channels of each irrep, the same for all its components.

    Parameters
    ----------
    widths_in, widths_out
        Channels of each irrep.
    variance
        See Linear.
    """

    def __init__(
        self, widths_in: Sequence[int], widths_out: Sequence[int], variance: float = 1.0
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            Linear(before, after, variance)
            for before, after in zip(widths_in, widths_out, strict=True)
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """``(n, 2l+1, width)`` for each irrep, to the same with other widths."""
        out: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            out.append(layer(features[index]))
        return out


class Linear(nn.Linear):
    """W x without bias, W ~ N(0, variance/n) for n inputs.

    Parameters
    ----------
    inputs, outputs
        Widths.
    variance
        Of the outputs, where the inputs have unit variance.
    """

    def __init__(self, inputs: int, outputs: int, variance: float = 1.0) -> None:
        super().__init__(inputs, outputs, bias=False)
        nn.init.normal_(self.weight, std=math.sqrt(variance / inputs))


def gate(features: list[Tensor]) -> Tensor:
    """Gated nonlinearity: SiLU of scalars; other irreps are multiplied by sigmoids of scalars.

    Sigmoids and not SiLU as in the paper: products of two unbounded features grow too fast from
    layer to layer where atoms are near.

    Parameters
    ----------
    features
        For each of K irreps, the first of which is 0e: ``(n, 1, K·C)``, then ``(n, 2l+1, C)``.

    Returns
    -------
    Tensor
        ``(n, D, C)``.
    """
    scalars = features[0].chunk(len(features), dim=2)  # (n, 1, C) each
    gated = [scaled_silu(scalars[0])]
    for index in range(1, len(features)):
        gated.append(features[index] * scaled_sigmoid(scalars[index]))
    return torch.cat(gated, dim=1)


def scaled_silu(x: Tensor) -> Tensor:
    """SiLU, scaled such that normal numbers give a mean square of one."""
    return 1.6765325 * functional.silu(x)


def scaled_sigmoid(x: Tensor) -> Tensor:
    """Sigmoid, scaled such that normal numbers give a mean square of one."""
    return 1.8462285 * torch.sigmoid(x)


def one_hot(species: Tensor, n_species: int, like: Tensor) -> Tensor:
    """``(n, S)``, in the number format and on the device of a tensor."""
    rows = torch.eye(n_species, dtype=like.dtype, device=like.device)
    return rows.index_select(0, species)
