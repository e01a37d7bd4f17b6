"""Label silicon structures with DFT, resumably: ``python dft.py --count 1000 --workers 2``.

Each finished structure is one line of ``results.jsonl``; running the command again goes on
where it stopped. ``--collect`` writes the data file and its card from what is there.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ase import Atoms
from collect import collect
from espresso import Settings, estimated_cost, label
from generate import generate

from eippot.structures.splits import structure_hash

DFT_SEED = 0
"""Seed of the list that is labelled."""


def label_record(index: int, structure: Atoms, settings: Settings) -> dict[str, Any]:
    """Label one structure, carefully at the second attempt, and return its record."""
    record: dict[str, Any] = {
        "index": index,
        "hash": structure_hash(structure),
        "settings": settings.fingerprint(),
        "config_type": structure.info["config_type"],
    }
    start = time.monotonic()
    for attempt in (1, 2):
        try:
            labels = label(structure, settings, careful=attempt == 2)
            record |= {"status": "ok", "attempt": attempt, **asdict(labels)}
            break
        except RuntimeError as error:
            record |= {"status": "failed", "attempt": attempt, "reason": str(error)}
    record["seconds"] = round(time.monotonic() - start, 2)
    return record


def read_records(path: Path) -> dict[int, dict[str, Any]]:
    """Return the records by index; a line cut short by a kill is dropped."""
    records: dict[int, dict[str, Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        records[record["index"]] = record
    return records


def check_records(
    records: dict[int, dict[str, Any]], structures: list[Atoms], settings: Settings
) -> None:
    """Refuse to go on where the generator or the settings changed since the records.

    Raises
    ------
    SystemExit
        Naming the first record that does not fit.
    """
    for index, record in records.items():
        if index >= len(structures):
            continue
        if record["settings"] != settings.fingerprint():
            raise SystemExit(f"record {index} was made with other settings; use a new folder")
        if record["hash"] != structure_hash(structures[index]):
            raise SystemExit(f"record {index} is of another structure: the generator changed")


def run(
    structures: list[Atoms], todo: Iterable[int], settings: Settings, workers: int, path: Path
) -> None:
    """Label the structures in `todo` and append each record at once."""
    todo = list(todo)
    start, failed = time.monotonic(), 0
    # pw.x is a process of its own; threads only wait for it
    with ThreadPoolExecutor(workers) as pool, path.open("a") as results:
        futures = [pool.submit(label_record, i, structures[i], settings) for i in todo]
        for done, future in enumerate(as_completed(futures), start=1):
            record = future.result()
            results.write(json.dumps(record) + "\n")
            results.flush()
            failed += record["status"] != "ok"
            pace = (time.monotonic() - start) / done
            print(
                f"{done}/{len(todo)}  failed {failed}  {pace:.1f} s each  "
                f"{pace * (len(todo) - done) / 60:.0f} min left  last: "
                f"{record['index']} {record['config_type']} {record['seconds']} s",
                flush=True,
            )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Label the silicon structures with DFT.")
    parser.add_argument("--count", type=int, default=1000, help="structures of the list")
    parser.add_argument("--cheapest", type=int, help="of those left, so many that cost least")
    parser.add_argument("--workers", type=int, default=1, help="pw.x processes at a time")
    parser.add_argument("--folder", type=Path, default=Path("silicon_dft"), help="for records")
    parser.add_argument("--collect", type=Path, metavar="DIR", help="write data and card there")
    arguments = parser.parse_args()
    settings = Settings()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / "results.jsonl"
    structures = generate(arguments.count, DFT_SEED)
    records = read_records(path)
    check_records(records, structures, settings)
    if arguments.collect is not None:
        collect(structures, records, settings, arguments.folder, arguments.collect)
        return
    todo = [index for index in range(len(structures)) if index not in records]
    todo.sort(key=lambda index: estimated_cost(structures[index], settings))
    todo = todo[: arguments.cheapest]
    random.Random(DFT_SEED).shuffle(todo)
    run(structures, todo, settings, arguments.workers, path)


if __name__ == "__main__":
    main()
