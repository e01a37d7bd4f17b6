"""How a network is optimized: the same for every training stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from eippot.config.base import Config

LoggerName = Literal["tensorboard", "wandb"]


class ScheduleConfig(Config):
    """Learning rate over the course of training."""

    kind: Literal["constant", "linear", "cosine", "slanted_triangular"] = Field(
        "cosine",
        description="constant; linear or cosine decay to `final`; slanted_triangular: linear rise "
        "from rate/ratio during `warmup`, linear fall back to it (Howard & Ruder 2018).",
    )
    rate: float = Field(3e-3, gt=0, description="Highest learning rate.")
    final: float = Field(1e-5, ge=0, description="Last learning rate (linear, cosine).")
    warmup: float = Field(0.05, ge=0, lt=1, description="Share of the steps with a rising rate.")
    ratio: float = Field(32.0, gt=1, description="rate / lowest rate (slanted_triangular).")


class TrainingConfig(Config):
    """Optimization with Adam."""

    steps: int | None = Field(
        3000,
        ge=1,
        description="Steps of the optimizer, rounded up to whole epochs: the same effort for any "
        "number of structures.",
    )
    epochs: int | None = Field(
        None, ge=1, description="Instead of `steps`: passes over the training structures."
    )
    batch_size: int = Field(16, ge=1, description="Structures per step, of each process.")
    batch_edges: int | None = Field(
        None,
        ge=1,
        description="Edges per step, instead of `batch_size` structures: for small and large "
        "structures in one set, so that all steps take about the same time and memory.",
    )
    schedule: ScheduleConfig = ScheduleConfig()
    gradient_clip: float = Field(5.0, gt=0, description="Largest norm of the gradient.")
    weight_decay: float = Field(0.0, ge=0, description="Decoupled weight decay (AdamW).")
    ema_decay: float = Field(
        0.99, ge=0, lt=1, description="Exponential moving average of the weights; 0 for none."
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="Epochs without a better validation score before stopping early; null: never.",
    )
    max_seconds: float | None = Field(
        None,
        gt=0,
        description="Wall-clock time after which the training stops, at the end of its schedule.",
    )
    seed: int = Field(0, ge=0, description="Seed of the weights and of the order of batches.")
    precision: Literal["float32", "float64"] = Field("float32", description="Number format.")
    loggers: tuple[LoggerName, ...] = Field(
        (),
        description="What metrics go to beside metrics.csv: tensorboard, wandb (offline, unless "
        "WANDB_MODE says otherwise); files in the run directory.",
    )
    threads: int = Field(0, ge=0, description="CPU threads; 0 for as many as make a step fastest.")

    @model_validator(mode="before")
    @classmethod
    def _epochs_alone(cls, content: object) -> object:
        """Given epochs take the place of the steps that are the default."""
        if isinstance(content, Mapping) and content.get("epochs") is not None:
            return {"steps": None, **content}
        return content

    @model_validator(mode="after")
    def _one_length(self) -> TrainingConfig:
        if (self.steps is None) == (self.epochs is None):
            both = "neither" if self.steps is None else "both"
            raise ValueError(
                f"expected either `steps` or `epochs` (null for the other), got {both}"
            )
        return self
