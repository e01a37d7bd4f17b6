"""Cost and accuracy of every architecture on silicon: ``make bench NAME=models``.

Each architecture, with the options of ``eippot config template finetune --model …``, is trained
on DFT labels for the same time on one thread, exported, tested and run in ASE: for each number of
labels and seed one JSON line in ``benchmarks/models.jsonl``. Runs that have a line are not done
again; remove the file to start anew. What a model costs is taken from runs that had the machine to
themselves (``--workers 1``). ``--table`` writes the tables of ``docs/models.md``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.pages import Line, header, read_lines, spread, with_table

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "benchmarks" / "models.jsonl"
PAGE: Final = ROOT / "docs" / "models.md"
MARK: Final = "models tables"

#: name of a row, its architecture first: options that differ from its template.
FORMS: Final[dict[str, dict[str, object]]] = {
    "schnet": {"model.radial_functions": 32},
    "soapnet": {},
    "cgcnn": {},
    "gemnet": {},
    "gemnet quadruplets": {"model.quadruplets": True},
    "equivariant": {},
}
#: DFT labels, a fifth of them for validation.
LABELS: Final = (100, 300, 600)
SEEDS: Final = (0, 1, 2)


def run(model: str, labels: int, seed: int, seconds: float) -> Line | None:
    """One run, in a process of its own; None where it failed, after its output was shown."""
    paths = [str(ROOT / "examples" / "silicon"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [
            sys.executable,
            str(RESULTS.with_name("one_model.py")),
            model,
            str(labels),
            str(seed),
            str(seconds),
        ],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        print(f"{done.stdout[-2000:]}\n{model}, {labels} labels, seed {seed}: failed", flush=True)
        return None
    line: Line = json.loads(done.stdout.splitlines()[-1])
    return line


def run_missing(
    models: list[str], labels: list[int], seeds: list[int], seconds: float, workers: int, path: Path
) -> bool:
    """Do the runs that have no line, append theirs; return whether all went well."""
    lines = read_lines(path)
    other = {line["budget"] for line in lines} - {seconds}
    if other:
        sys.exit(f"{path} has runs of {other} s, which are not comparable: remove or rename it.")
    done = {(line["seed"], line["labels"], line["model"]) for line in lines}
    missing = [key for key in itertools.product(seeds, labels, models) if key not in done]
    found = []
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(run, model, n, seed, seconds) for seed, n, model in missing]
        try:
            for future in as_completed(futures):
                found.append(future.result())
                if found[-1]:
                    text = json.dumps(found[-1] | {"alone": workers == 1})
                    with path.open("a") as file:
                        file.write(f"{text}\n")
                    print(f"{len(found)} of {len(missing)}: {text}", flush=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return None not in found


def tables(lines: list[Line]) -> str:
    """What was measured, in Markdown; a dash where nothing was."""
    done = f"{len(lines)} of {len(FORMS) * len(LABELS) * len(SEEDS)} runs are done."
    if lines:
        full = sum(line["ended_by"] == "max_seconds" for line in lines)
        done += f" Their trainings may take {lines[0]['budget']:g} s; {full} stopped at that."
    return "\n".join([done, "", *_cost(lines), "", *_accuracy(lines)])


def _cost(lines: list[Line]) -> Iterator[str]:
    most = [line for line in lines if line["labels"] == max(LABELS) and line["alone"]]
    columns: dict[str, tuple[str, Callable[[float], str]]] = {
        "weights": ("parameters", lambda x: f"{x:,.0f}"),
        "training [structures/s]": ("structures_per_second", lambda x: f"{x:.3g}"),
        "steps in the time": ("steps", lambda x: f"{x:.0f}"),
        "memory of training [GB]": ("memory", lambda x: f"{x:.2f}"),
        "MD, 64 atoms [µs/atom/step]": ("md_64", lambda x: f"{x:.0f}"),
        "MD, 512 atoms [µs/atom/step]": ("md_512", lambda x: f"{x:.0f}"),
    }
    yield from header(list(columns))
    for model in FORMS:
        found = [line for line in most if line["model"] == model]
        cells = (
            shown(fmean(line[key] for line in found)) if found else "–"
            for key, shown in columns.values()
        )
        yield f"| {model} | {' | '.join(cells)} |"


def _accuracy(lines: list[Line]) -> Iterator[str]:
    yield from header([f"{count} labels" for count in LABELS])
    for model in FORMS:
        cells = []
        for count in LABELS:
            found = [line for line in lines if (line["model"], line["labels"]) == (model, count)]
            energy, forces = (
                spread([line[key] for line in found])
                for key in ("energy_mae_per_atom", "forces_mae")
            )
            cells.append(f"{energy} / {forces}")
        yield f"| {model} | {' | '.join(cells)} |"


def main() -> None:
    """Run what is missing, or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="of each training")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time, one thread each")
    parser.add_argument("--models", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--labels", nargs="+", type=int, default=list(LABELS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--path", type=Path, default=RESULTS, help="where the lines are")
    parser.add_argument("--table", action="store_true", help="write docs/models.md, run nothing")
    arguments = vars(parser.parse_args())
    if arguments.pop("table"):
        lines = read_lines(arguments["path"])
        PAGE.write_text(with_table(PAGE.read_text(), MARK, tables(lines)))
    elif not run_missing(**arguments):
        sys.exit("Some runs failed: the same command tries them again.")


if __name__ == "__main__":
    main()
