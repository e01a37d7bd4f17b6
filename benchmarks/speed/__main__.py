"""Speed of eippot and of its peers: ``make bench NAME=speed``.

Every contestant runs in a process and a Python environment of its own (``make bench-peers``); all
that take part in a case prepare first, and then measure in turns. One JSON line for each contestant
of each case is kept in ``benchmarks/speed.jsonl``; cases that were measured with these versions on
this machine are not measured again. At the end stand lines
``speed: <what> <figure> <unit> <ratio> to <peer>``.
``python -m benchmarks.speed.report`` writes ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.speed.campaign import Campaign
from benchmarks.speed.cases import all_cases
from benchmarks.speed.environments import ROOT
from benchmarks.speed.labelling import KIND as LABELLING
from benchmarks.speed.labelling import labelling_summary, measure_labelling
from benchmarks.speed.results import RESULTS, Results, summary


def main() -> None:
    """Measure what is missing, and print what it comes to."""
    cases = all_cases()
    kinds = [*dict.fromkeys(case.kind for case in cases), LABELLING]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds, help="only these")
    parser.add_argument("--atoms", nargs="+", type=int, help="only cases of so many atoms")
    parser.add_argument("--again", action="store_true", help="measure all of it once more")
    parser.add_argument("--quick", action="store_true", help="each measurement only once or twice")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of JSON lines")
    arguments = parser.parse_args()
    cases = [case for case in cases if case.kind in arguments.kinds]
    if arguments.atoms:
        cases = [case for case in cases if case.setting.get("atoms") in arguments.atoms]
    if arguments.quick:
        cases = [replace(case, seconds=1.0, slice_seconds=0.1) for case in cases]
    began = time.perf_counter()
    log = ROOT / "benchmarks" / "speed.log"
    Campaign(arguments.results, log, arguments.again, lambda line: print(line, flush=True)).run(
        cases
    )
    if LABELLING in arguments.kinds:
        measure_labelling(arguments.results, arguments.again)
    print(f"measured in {(time.perf_counter() - began) / 60:.1f} minutes")
    lines = [*summary(Results(arguments.results)), *labelling_summary(arguments.results)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
