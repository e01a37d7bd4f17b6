"""Arguments that make a training small enough for a test."""

from __future__ import annotations

from tests.synthetic import TINY_MODEL

SHORT = [
    "--set=training.epochs=1",
    "--set=training.threads=1",
    "--set=training.batch_size=8",
    "--set=training.ema_decay=0",
]
TINY = [f"--set=model.{name}={value}" for name, value in TINY_MODEL.items()]
