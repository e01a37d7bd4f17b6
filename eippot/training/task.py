"""The one training task: a model, an objective, an optimizer and a schedule."""

from __future__ import annotations

import signal

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch_geometric.data import Batch

from eippot.config.training import TrainingConfig
from eippot.models.potential import Classifier, Potential
from eippot.processes import by_first, gathered, n_processes, per_process, rank
from eippot.training.objectives import Objective
from eippot.training.resuming import Course, seed_epoch
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
    course
        Of the training.
    """

    def __init__(
        self,
        model: Potential | Classifier,
        objective: Objective,
        config: TrainingConfig,
        course: Course,
    ) -> None:
        super().__init__()
        self.model = model
        #: what is evaluated, in a tuple that hides it from torch: the weights are those of `model`.
        self._evaluated: tuple[nn.Module] = (model,)
        self.objective = objective
        self.config = config
        self._course = course
        self._losses = RunningMeans()
        self._metrics = RunningMeans()
        self._validated: dict[str, Tensor] = {}

    def on_train_start(self) -> None:
        """Start the clock of the schedule; the model is where it will be trained."""
        if n_processes() > 1:  # Lightning would first ask the others, which may have ended
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._course.start()
        self._evaluated = (self.model.for_training(),)

    def on_train_end(self) -> None:
        """From here on, the model itself is evaluated."""
        self._evaluated = (self.model,)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Random numbers depend on seed and epoch alone, as orders do, so that a run resumes."""
        if batch_idx == 0:
            seed_epoch(self.config.seed, self.current_epoch)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        value = self.objective.loss(*self._evaluated, batch)
        size = per_process(int(batch.num_graphs))
        for name, part in (value.parts | {"loss": value.total}).items():
            self._losses.add(name, part.detach(), size)
        if n_processes() == 1:
            return value.total
        # of several processes, each waits for a gradient of every weight, be it zero
        every: Tensor = torch.stack([w.sum() for w in self.model.parameters()]).sum()
        return value.total + 0.0 * every

    def backward(self, loss: Tensor) -> None:
        """Gradients by the weights alone; those by edge vectors would cost as much again."""
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        loss.backward(inputs=weights)  # type: ignore[no-untyped-call]

    def on_train_epoch_end(self) -> None:
        """Log once an epoch, in one row, before its checkpoint: it costs as much as a step."""
        losses = self._losses.take()
        self.log_dict(losses, logger=False)
        row = {name: float(value) for name, value in (losses | self._validated).items()}
        rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        row |= {"epoch": self.current_epoch, "learning_rate": rate}
        self._course.rows.append((self.global_step - 1, row))
        for logger in self.loggers:
            logger.log_metrics({**row}, self.global_step - 1)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Metrics of one batch; each process has some of the batches."""
        if batch_idx % n_processes() != rank():
            return
        for name, (value, count) in self.objective.metrics(*self._evaluated, batch).items():
            self._metrics.add(name, value, count)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of all batches together."""
        self._validated = self.objective.summarize(self._metrics.take())
        for name, value in self._validated.items():
            self.log(name, value, prog_bar=name == self.objective.monitor, logger=False)

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        """PyG moves its batches itself; Lightning would look for tensors in each attribute."""
        return batch.to(device)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW, and the learning-rate schedule step by step."""
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.config.schedule.rate,
            weight_decay=self.config.weight_decay,
            fused=True,
        )
        total = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: self._rate_factor(step, total)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _rate_factor(self, step: int, total: int) -> float:
        """Factor at the share of the steps or of the time that is over, whichever is larger."""
        if self.config.max_seconds:
            elapsed = by_first(self._course.elapsed)
            step = max(step, int(total * elapsed / self.config.max_seconds))
        return rate_factor(self.config.schedule, step, total)


class RunningMeans:
    """Means of named values over many batches and all processes; each value counts for so many."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, float] = {}

    def add(self, name: str, value: Tensor, count: float) -> None:
        """Take in the mean of a batch."""
        self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + count * value
        self._counts[name] = self._counts.get(name, 0) + count

    def take(self) -> dict[str, Tensor]:
        """Return the means and start anew."""
        mine = {name: (value.cpu(), self._counts[name]) for name, value in self._sums.items()}
        self._sums, self._counts = {}, {}
        sums: dict[str, tuple[Tensor, float]] = {}
        for others in gathered(mine):
            for name, (value, count) in others.items():
                before = sums.get(name)
                sums[name] = (before[0] + value, before[1] + count) if before else (value, count)
        return {name: value / count for name, (value, count) in sums.items()}
