"""Losses: which properties count how much, and how residuals are punished."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from eippot.config.base import Config, filled_from

KernelName = Literal["squared", "absolute", "huber", "tukey"]


class PropertyWeights(Config):
    """Weight of each property; zero leaves it out."""

    energy: float = Field(1.0, ge=0, description="Weight of the energy [per atom, eV].")
    forces: float = Field(1.0, ge=0, description="Weight of force components [eV/Å].")
    stress: float = Field(0.0, ge=0, description="Weight of stress components [eV/Å³].")


#: a pretrained network has learnt forces of the EIPs, and forgets less of them.
_FEWER_FORCES: Final = PropertyWeights(forces=0.1)


class WeakLossConfig(Config):
    """Weak labels: what the classifier's EIPs say of structures without a DFT label."""

    weight: float = Field(0.1, ge=0, description="α, relative to the DFT labels.")
    kernel: KernelName = Field("tukey", description="Tukey's biweight ignores wrong weak labels.")
    forces: bool = Field(True, description="Whether the EIPs' forces are weak labels, too.")
    scale_by_counts: bool = Field(
        False, description="Weigh by α·m/s, m DFT-labelled and s weakly labelled structures."
    )
    reference_share: float | None = Field(
        0.5,
        gt=0,
        lt=1,
        description="Share of DFT-labelled structures in every batch; null for their share in the "
        "data (at least one each in any case).",
    )


class PotentialLossConfig(Config):
    """Loss of finetune."""

    weights: Annotated[PropertyWeights, filled_from(_FEWER_FORCES)] = _FEWER_FORCES
    kernel: KernelName = Field("huber", description="How residuals of DFT labels are punished.")
    per_atom: bool = Field(
        True, description="Energies per atom; false for total energies, as in the paper."
    )
    weak: WeakLossConfig = WeakLossConfig()


class PretrainLossConfig(Config):
    """Loss of pretrain: the mean over EIPs."""

    weights: PropertyWeights = PropertyWeights()
    kernel: KernelName = Field("huber", description="How residuals of EIP labels are punished.")
    per_atom: bool = Field(True, description="Energies per atom; false for total energies.")
