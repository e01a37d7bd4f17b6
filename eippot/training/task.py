"""The one training task: a model, an objective, an optimizer and a schedule."""

from __future__ import annotations

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch_geometric.data import Batch

from eippot.config.training import TrainingConfig
from eippot.training.objectives import Objective
from eippot.training.schedules import rate_factor


class TrainingTask(lightning.LightningModule):
    """classify, pretrain and finetune differ in their objective only.

    Parameters
    ----------
    model
        A Potential or a Classifier.
    objective
        What is asked of it.
    config
        Optimizer and schedule.
    """

    def __init__(self, model: nn.Module, objective: Objective, config: TrainingConfig) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.config = config

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        value = self.objective.loss(self.model, batch)
        size = int(batch.num_graphs)
        self.log("loss", value.total.detach(), on_epoch=True, on_step=False, batch_size=size)
        self.log_dict(value.parts, on_epoch=True, on_step=False, batch_size=size)
        return value.total

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Metrics of one batch; Lightning averages them over the epoch by their counts."""
        for name, (value, count) in self.objective.metrics(self.model, batch).items():
            self.log(name, value, batch_size=count, prog_bar=name == self.objective.monitor)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW, and the learning-rate schedule step by step."""
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.config.schedule.rate,
            weight_decay=self.config.weight_decay,
        )
        total = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(self.config.schedule, step, total)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }
