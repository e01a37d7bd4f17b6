"""The configurations of the stages that learn: classify, pretrain, stack and finetune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from eippot.config.base import Config, filled_from
from eippot.config.data import DataConfig, ReferenceConfig
from eippot.config.loss import (
    KernelName,
    PotentialLossConfig,
    PretrainLossConfig,
    PropertyWeights,
)
from eippot.config.model import ModelConfig, SOAPNetConfig
from eippot.config.training import ScheduleConfig, TrainingConfig

Eips = Annotated[
    tuple[str, ...], Field(description="Names of the EIPs to use; empty for all in the file.")
]
AlignmentKind = Literal["none", "offset", "affine"]
Alignment = Annotated[
    AlignmentKind,
    Field(
        description="How EIP energies are brought to the DFT scale: offset (per element), affine "
        "(and a slope per EIP), none (the paper)."
    ),
]


_CLASSIFYING: Final = TrainingConfig(schedule=ScheduleConfig(rate=2e-3))
_PRETRAINING: Final = TrainingConfig(steps=10000)
#: a pretrained network keeps more of what it knows in smaller steps.
_FINETUNING: Final = TrainingConfig(schedule=ScheduleConfig(rate=1e-3))


class ClassifyConfig(ReferenceConfig):
    """eippot classify: which EIP to believe for each structure."""

    data: DataConfig
    output: Path = Field(description="Structure file with weak labels.")
    run: Path = Field(description="Run directory of the classifier.")
    pretrained: Path | None = Field(
        None, description="Run directory of pretrain whose representation to start from."
    )
    eips: Eips = ()
    alignment: Alignment = "affine"
    cutoff_per_atom: float = Field(
        0.1, gt=0, description='c: true class "none" if no EIP is closer than this [eV/atom].'
    )
    threshold: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Least probability of the class for a weak label; 0 for the most probable "
        "class in any case (the paper).",
    )
    model: ModelConfig | None = Field(
        None, description="Architecture; with `pretrained`, taken from there."
    )
    training: Annotated[TrainingConfig, filled_from(_CLASSIFYING)] = _CLASSIFYING


class PretrainConfig(ReferenceConfig):
    """eippot pretrain: one representation, one energy head per EIP."""

    data: DataConfig
    output: Path = Field(description="Run directory.")
    eip_validation: float = Field(
        0.1, gt=0, lt=1, description="Share of the EIP-labelled structures kept for validation."
    )
    eips: Eips = ()
    alignment: Alignment = "affine"
    model: ModelConfig = Field(SOAPNetConfig(), description="Architecture.")
    loss: PretrainLossConfig = PretrainLossConfig()
    training: Annotated[TrainingConfig, filled_from(_PRETRAINING)] = _PRETRAINING


class DeltaConfig(Config):
    """The network that corrects the linear combination of EIPs."""

    run: Path = Field(
        Path("runs/delta"), description="Run directory; what it learns from is beside it."
    )
    committee: int = Field(
        4, ge=2, description="Energy heads, whose spread is the deviation of a weak label."
    )
    model: ModelConfig | None = Field(
        None, description="Architecture; with `pretrained`, taken from there."
    )
    weights: PropertyWeights = PropertyWeights()
    kernel: KernelName = Field("huber", description="How residuals are punished.")
    training: TrainingConfig = TrainingConfig()


class StackConfig(ReferenceConfig):
    """eippot stack: weak labels from all EIPs at once."""

    data: DataConfig
    output: Path = Field(description="Structure file with weak labels.")
    method: Literal["process", "combination", "delta", "blend"] = Field(
        "process",
        description="process: energies of a Gaussian process over all EIPs and the features of a "
        "pretrained network; combination: energies, forces and stress of the linear combination "
        "of EIPs that is closest to DFT; delta: the same, corrected by a network; blend: process, "
        "combination and the networks in `runs`, each with the share that validates best.",
    )
    pretrained: Path | None = Field(
        None,
        description="Run directory of pretrain, whose features describe a structure (process) or "
        "whose representation the network starts from (delta).",
    )
    runs: tuple[Path, ...] = Field(
        (), description="Run directories of finetune, whose networks teach as well (blend)."
    )
    eips: Eips = ()
    keep: float = Field(
        0.85,
        gt=0,
        le=1,
        description="Share of the structures without a DFT label that get a weak one: those whose "
        "predicted standard deviation is smallest.",
    )
    delta: DeltaConfig = DeltaConfig()


class FinetuneConfig(ReferenceConfig):
    """eippot finetune: the potential, from DFT labels and, where there are any, weak labels."""

    data: DataConfig
    output: Path = Field(description="Run directory.")
    pretrained: Path | None = Field(
        None, description="Run directory of pretrain; its representation is the start."
    )
    head: Literal["combination", "fresh"] = Field(
        "combination",
        description="With `pretrained`: start at the combination of EIP heads that fits the DFT "
        "labels best, or at a fresh head (the paper).",
    )
    committee: int = Field(
        1,
        ge=1,
        description="Energy heads on the one representation; each is shown all training "
        "structures but its own share, and the mean of all is the potential.",
    )
    anchor: float = Field(
        0.0,
        ge=0,
        description="With `pretrained`: weight of the EIP labels of all structures, which hold the "
        "representation while DFT is learnt; 0: it is left to itself.",
    )
    use_weak_labels: bool = Field(
        True, description="Whether weak labels in the file are used (label augmentation)."
    )
    model: ModelConfig | None = Field(
        None, description="Architecture; with `pretrained`, taken from there."
    )
    loss: PotentialLossConfig = PotentialLossConfig()
    training: Annotated[TrainingConfig, filled_from(_FINETUNING)] = _FINETUNING
