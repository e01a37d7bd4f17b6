"""What is checked: a potential with random weights, in one number format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import torch
from ase import Atoms

from eippot.config.model import ArchitectureConfig
from eippot.graphs.batch import StructureBatch
from eippot.models.potential import Potential
from eippot.models.saved import ModelCard, build_potential
from eippot.testing.results import Floats, Result, batch_of, energies, evaluate
from eippot.testing.structures import REFERENCE_ENERGIES, SPECIES, periodic


@dataclass(frozen=True)
class Precision:
    """A number format, and how well results agree in it.

    Attributes
    ----------
    name
        ``float32`` or ``float64``.
    dtype
        The same for torch.
    tolerance
        Largest deviation, relative to the size of what is compared. Twice or more what rounding
        was measured to add up to in networks of default size (2.2e-5 and 2.5e-12).
    """

    name: str
    dtype: torch.dtype
    tolerance: float


FLOAT32: Final = Precision("float32", torch.float32, 5e-5)
FLOAT64: Final = Precision("float64", torch.float64, 1e-11)
PRECISIONS: Final = {precision.name: precision for precision in (FLOAT32, FLOAT64)}


@dataclass(frozen=True)
class Subject:
    """A potential of two species with random weights, which checks ask questions.

    Attributes
    ----------
    config
        Hyperparameters of the architecture.
    precision
        Number format.
    seed
        Decides the weights.
    """

    config: ArchitectureConfig
    precision: Precision = FLOAT64
    seed: int = 2

    @cached_property
    def potential(self) -> Potential:
        """The potential, with one head."""
        return random_potential(self.config, self.precision.dtype, self.seed)

    @cached_property
    def exact(self) -> Subject:
        """The same weights in float64, to compare with."""
        return self if self.precision == FLOAT64 else replace(self, precision=FLOAT64)

    @property
    def tolerance(self) -> float:
        """Largest relative deviation in this number format."""
        return self.precision.tolerance

    def batch(self, structures: Sequence[Atoms]) -> StructureBatch:
        """Structures as the potential takes them."""
        return batch_of(structures, self.precision.dtype, self.config.cutoff)

    def evaluate(self, atoms: Atoms) -> Result:
        """What the potential says of a structure."""
        return evaluate(self.potential, atoms)

    def energies(self, structures: Sequence[Atoms]) -> Floats:
        """``(B,)`` energies [eV], relative to isolated atoms."""
        return energies(self.potential, structures)


def card(config: ArchitectureConfig, heads: int = 1) -> ModelCard:
    """Describe a potential of SPECIES in float64, as a run of finetune does."""
    return ModelCard(
        kind="potential",
        model=config,
        species=tuple(SPECIES),
        reference_energies=REFERENCE_ENERGIES,
        average_neighbors=10.0,
        scale=1.0,
        outputs=tuple(f"head {index}" for index in range(heads)),
        dtype="float64",
    )


def random_potential(
    config: ArchitectureConfig,
    dtype: torch.dtype,
    seed: int,
    heads: int = 1,
    scale: float = 1.0,
) -> Potential:
    """Build a potential of SPECIES with random weights, with forces of up to 1 eV/Å in `periodic`.

    Fresh weights may make so little of the neighbors that it drowns in the rounding of everything
    else: they are enlarged until forces reach a tenth of that, at most fourfold. The rest is a
    matter of the scale. All number formats get the same weights.

    Parameters
    ----------
    config
        Hyperparameters.
    dtype
        Number format.
    seed
        Decides the weights.
    heads
        Energies per atom.
    scale
        Multiplies energies and forces.
    """
    torch.manual_seed(seed)
    model = build_potential(card(config, heads)).eval()
    force = _largest_force(model)
    for _ in range(6):
        if force >= 0.1:
            break
        with torch.no_grad():
            for weight in model.representation.parameters():
                weight.copy_((1.25 * weight).float())
        force = _largest_force(model)
    model.scale.fill_(scale / force if force > 1e-6 else scale)
    return model.to(dtype)


def _largest_force(model: Potential) -> float:
    return float(abs(evaluate(model, periodic()).forces).max())
