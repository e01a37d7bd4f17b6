"""Runs of the benchmark: what is missing is done, one JSON line each."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import torch

from benchmarks.accuracy.data import SETS, Division, divide
from benchmarks.accuracy.pipeline import STAGES, Pipeline
from benchmarks.accuracy.presets import PRESETS
from benchmarks.accuracy.settings import stage_template
from benchmarks.accuracy.strategies import STRATEGIES
from benchmarks.pages import Line, append_line, read_lines
from eippot.version import __version__

RESULTS: Final = Path(__file__).resolve().parent / "results.jsonl"


@dataclass(frozen=True)
class Group:
    """Runs that share their data, and what is learnt from EIP labels."""

    set: str
    model: str
    preset: str
    labels: int
    seed: int

    def division(self, work: Path) -> Division:
        """The structures."""
        least, with_forces = PRESETS[self.preset].least, PRESETS[self.preset].with_forces
        data = SETS[self.set]
        return divide(data, self.labels, self.seed, work, least=least, with_forces=with_forces)

    def pipeline(self, work: Path) -> Pipeline:
        """What can be trained on them."""
        preset = PRESETS[self.preset]
        return Pipeline(
            self.division(work), self.model, self.seed, preset.template, preset.settings
        )

    def run(self, strategies: list[str], work: Path, results: Path) -> None:
        """Do the runs, and append their lines."""
        first = self.pipeline(work)
        for strategy in strategies:
            pipeline = replace(first, used=set())
            errors = STRATEGIES[strategy](pipeline)
            seconds = {"seconds": pipeline.seconds()}
            key = asdict(self) | {"strategy": strategy}
            line = key | pipeline.division.provenance | self.provenance() | errors | seconds
            append_line(results, line)
            print(json.dumps(line), flush=True)

    def provenance(self) -> dict[str, object]:
        """Versions, and by what hash the settings of all stages can be recognized."""
        preset = PRESETS[self.preset]
        templates = [stage_template(stage, preset.template, self.model) for stage in STAGES]
        settings = json.dumps([templates, preset.settings], sort_keys=True)
        return {
            "settings": hashlib.sha256(settings.encode()).hexdigest()[:16],
            "versions": {"eippot": __version__, "torch": torch.__version__},
        }

    def missing(self, strategies: list[str], lines: list[Line]) -> list[str]:
        """Strategies without a line."""
        done = {line["strategy"] for line in lines if self.holds(line)}
        return [name for name in strategies if name not in done]

    def holds(self, line: Line) -> bool:
        """Whether a line is of this group."""
        return asdict(self).items() <= line.items()


def run_missing(
    groups: list[Group], strategies: list[str], work: Path, workers: int, results: Path
) -> None:
    """Do the runs that have no line, some groups at a time."""
    lines = read_lines(results)
    missing = {group: group.missing(strategies, lines) for group in groups}
    tasks = [(group, names) for group, names in missing.items() if names]
    if not tasks:
        return
    for group, _ in tasks:  # before several at a time need the same labels
        group.division(work)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _end_with_parent, max_tasks_per_child=1) as pool:
        futures = [pool.submit(group.run, names, work, results) for group, names in tasks]
        for future in as_completed(futures):
            future.result()


def _end_with_parent() -> None:
    """A worker goes when the program goes, however that ends, and writes no more lines."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
