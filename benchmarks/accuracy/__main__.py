"""Errors of every strategy on DFT data sets: ``make bench NAME=accuracy``.

For each data set, model, strategy, number of DFT labels and seed one JSON line in
``benchmarks/accuracy/results.jsonl``. Runs that have a line are not done again, unless
``--results`` names another file, and what an interrupted one has done is kept in the folder of
``--work``. ``--table`` writes the tables of ``docs/results.md``.
"""

from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path

from benchmarks.accuracy.data import SETS
from benchmarks.accuracy.figure import FIGURE, draw
from benchmarks.accuracy.report import PAGE, SUMMARY, summary, with_tables
from benchmarks.accuracy.runs import RESULTS, Group, run_missing
from benchmarks.accuracy.strategies import STRATEGIES
from benchmarks.pages import read_lines


def main() -> None:
    """Do what is missing and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["Cu_ACE"])
    parser.add_argument("--models", nargs="+", default=["schnet"])
    shown = list(SUMMARY.values())
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=shown)
    parser.add_argument("--labels", type=int, nargs="+", default=[100])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    presets = parser.add_mutually_exclusive_group()
    presets.add_argument("--paper", action="store_true", help="as published: energies alone")
    presets.add_argument("--energies", action="store_true", help="DFT energies alone, our way")
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"))
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the lines")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--table", action="store_true", help="write docs/results.md, run nothing")
    options = parser.parse_args()
    if options.table:
        PAGE.write_text(with_tables(PAGE.read_text(), read_lines(RESULTS)))
        draw(read_lines(RESULTS), FIGURE)
        return
    preset = "paper" if options.paper else "energies" if options.energies else "default"
    keys = (options.sets, options.models, [preset], options.labels, options.seeds)
    groups = [Group(*key) for key in itertools.product(*keys)]
    work, results = options.work.resolve(), options.results
    run_missing(groups, options.strategies, work, options.workers, results)
    chosen = [line for line in read_lines(results) if any(g.holds(line) for g in groups)]
    print("\n".join(summary(chosen)))


if __name__ == "__main__":
    main()
