"""A million structures labelled and learnt from in little memory: ``make bench NAME=million``.

Strained and rattled silicon of 2 to 8 atoms, one in two hundred with a DFT label (Lennard-Jones
plays DFT), is written as extended XYZ, labelled by two EIPs of OpenKIM into a store, and a small
SchNet passes over it once, all by the program as a user starts it. Memory is the sum of the
resident sets of the program and all its workers, at its largest; pages that processes share count
for each. It takes about 5 GB on the disk for a million, in a folder that is removed.

Prints each measurement as a line of JSON, and then one line with all of them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from benchmarks.pages import Line
from eippot.kernels.library import build_library
from eippot.structures.io import open_structures, write_structures

PROGRAM: Final = [sys.executable, "-c", "from eippot_cli.main import main; main()"]
EIPS: Final = {
    "sw": "kim:SW_StillingerWeber_1985_Si__MO_405512056662_005",
    "sw_silicene": "kim:SW_ZhangXieHu_2014OptimizedSW1_Si__MO_800412945727_004",
}
MODEL: Final = {"architecture": "schnet", "cutoff": 4.0, "channels": 32, "interactions": 2}
TRAINING: Final = {"epochs": 1, "batch_size": 64}
#: one structure in so many has a DFT label.
LABEL_EVERY: Final = 200
DRAWN: Final = 20_000
_LOOK_EVERY: Final = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the files go for a while")
    arguments = parser.parse_args()
    lines = []
    for line in measure(arguments.structures, arguments.folder):
        print(json.dumps(line), flush=True)
        lines.append(line)
    print(summary(lines))


def measure(count: int, folder: Path | None = None) -> Iterator[Line]:
    """Label, train and draw at random.

    Parameters
    ----------
    count
        Structures.
    folder
        Where a folder for all files is made; None for the system's place.

    Yields
    ------
    dict
        For each measurement ``what``, ``structures``, ``seconds`` (wall time), and of programs
        ``cpu_seconds`` (of all processes) and ``gigabytes``.
    """
    build_library(report=lambda line: None)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        many, store = work / "many.extxyz", work / "labelled.arrow"
        write_structures(many, structures(count))
        chosen = [f"--eip={name}={source}" for name, source in EIPS.items()]
        yield _run("label", ["label", str(many), "-o", str(store), *chosen], count)
        many.unlink()
        size = sum(file.stat().st_size for file in store.iterdir())
        yield {"what": "store", "structures": count, "gigabytes": round(size / 1e9, 3)}
        yield _draw(store)
        yield _pretrain(work, store, count)


def structures(count: int) -> Iterator[Atoms]:
    """Diamond of 2, 4, 6 and 8 atoms in turn, each strained and rattled in another way."""
    crystals = [bulk("Si", a=5.431) * (1, 1, n) for n in (1, 2, 3, 4)]
    random = np.random.default_rng(0)
    for index in range(count):
        atoms = crystals[index % len(crystals)].copy()
        strain = np.eye(3) + random.uniform(-0.05, 0.05, (3, 3))
        atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
        atoms.positions += random.normal(scale=0.1, size=(len(atoms), 3))
        if index % LABEL_EVERY == 0:
            _play_dft(atoms)
        yield atoms


def summary(lines: Sequence[Line]) -> str:
    """All measurements in one line."""
    of = {line["what"]: line for line in lines}

    def rate(what: str) -> str:
        return f"{of[what]['structures'] / of[what]['seconds']:,.0f} structures/s"

    label, pretrain = of["label"], of["pretrain"]
    return (
        f"million: {label['structures']:,} structures: label with {len(EIPS)} EIPs "
        f"{rate('label')}, {label['gigabytes']:.2f} GB of memory; pretrain "
        f"{rate('pretrain')} with all it takes ({pretrain['pass_per_second']:,.0f} in the pass "
        f"itself), {pretrain['gigabytes']:.2f} GB; drawn at random {rate('draw')}; store "
        f"{of['store']['gigabytes']:.2f} GB"
    )


def _pretrain(work: Path, store: Path, count: int) -> Line:
    config = {
        "data": {"structures": str(store)},
        "output": str(work / "run"),
        "eip_validation": 0.01,
        "alignment": "offset",
        "model": MODEL,
        "training": TRAINING,
    }
    (work / "pretrain.yaml").write_text(yaml.safe_dump(config))
    line = _run("pretrain", ["pretrain", str(work / "pretrain.yaml")], count)
    told = yaml.safe_load((work / "run" / "summary.yaml").read_text())
    return line | {"pass_per_second": round(count / told["seconds"], 1)}


def _draw(store: Path) -> Line:
    found = open_structures(store)
    order = np.random.default_rng(0).integers(len(found), size=DRAWN).tolist()
    found[0]
    start = time.perf_counter()
    for index in order:
        found[index]
    return {"what": "draw", "structures": DRAWN, "seconds": time.perf_counter() - start}


def _play_dft(atoms: Atoms) -> None:
    copy = atoms.copy()
    copy.calc = LennardJones(sigma=2.1, epsilon=1.0, rc=4.0, smooth=True)
    atoms.info["REF_energy"] = copy.get_potential_energy()
    atoms.arrays["REF_forces"] = copy.get_forces()


def _run(what: str, arguments: Sequence[str], count: int) -> Line:
    """Run the program to its end."""
    start, start_cpu = time.perf_counter(), _cpu_seconds()
    process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.DEVNULL)
    sizes: list[int] = []
    watch = threading.Thread(target=_watch, args=(process.pid, sizes))
    watch.start()
    if process.wait():
        raise RuntimeError(f"eippot {what} failed")
    seconds = time.perf_counter() - start
    watch.join()
    return {
        "what": what,
        "structures": count,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(_cpu_seconds() - start_cpu, 2),
        "gigabytes": round(max(sizes) / 1e9, 3),
    }


def _cpu_seconds() -> float:
    """Processor time of all processes that this one has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _watch(pid: int, sizes: list[int]) -> None:
    """Note how much memory a process and all that it has started take, until it ends."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            sizes.append(sum(_size(one) for one in [process, *process.children(recursive=True)]))
            time.sleep(_LOOK_EVERY)
    except psutil.NoSuchProcess:
        return


def _size(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    main()
