"""How many structures ``eippot label`` labels in a second: ``make bench NAME=labelling``.

Rattled silicon, 64 atoms, energies, forces and stress with Stillinger-Weber from OpenKIM, by the
program as a user starts it, from file to file: with one worker on one core, and with two on two.
Beside it, on one core, what there is to compare with: a loop around kimpy without files, checks and
stress, and ASE's KIM calculator, made anew for each structure. All take turns.

Prints each measurement as a line of JSON, then medians and ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from ase import Atoms
from ase.build import bulk

from benchmarks.pages import Line
from eippot.kernels.library import build_library
from eippot.structures.io import write_structures

PROGRAM: Final = [sys.executable, "-c", "from eippot_cli.main import main; main()"]
MODEL: Final = "SW_StillingerWeber_1985_Si__MO_405512056662"
LABEL_ONE, LABEL_TWO = "eippot label on one core", "eippot label on two cores"
START, KIMPY, ASE = "eippot label of one structure", "kimpy alone", "ASE's KIM calculator"
#: structures of the rivals, out of those of the program: their rates do not depend on it.
KIMPY_STRUCTURES, ASE_STRUCTURES = 5000, 300


def main() -> None:
    arguments = _arguments()
    lines = measure(arguments.structures, arguments.repeats)
    for line in lines:
        print(json.dumps(line), flush=True)
    print("\n".join(summary(lines)))


def measure(n_structures: int = 15000, repeats: int = 3) -> list[Line]:
    """Measure the program and its rivals in turns.

    Parameters
    ----------
    n_structures
        How many the program labels at a time.
    repeats
        How often each is measured.

    Returns
    -------
    list of dict
        For each measurement ``what``, ``cores``, ``structures``, ``seconds`` (wall time),
        ``cpu_seconds`` (of all processes) and ``structures_per_second`` (of wall time).
    """
    build_library(report=lambda line: None)
    structures = rattled_silicon(n_structures)
    model = _installed_model()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_structures(folder / "all.extxyz", structures)
        write_structures(folder / "one.extxyz", structures[:1])
        few, fewer = structures[:KIMPY_STRUCTURES], structures[:ASE_STRUCTURES]
        runs: list[tuple[str, int, int, Callable[[], None]]] = [
            (LABEL_ONE, 1, n_structures, _program(folder / "all.extxyz", model, 1)),
            (KIMPY, 1, len(few), _kimpy_loop(model, few)),
            (ASE, 1, len(fewer), lambda: _ase_loop(model, fewer)),
            (START, 1, 1, _program(folder / "one.extxyz", model, 1)),
        ]
        if len(os.sched_getaffinity(0)) > 1:
            runs.append((LABEL_TWO, 2, n_structures, _program(folder / "all.extxyz", model, 2)))
        return [_timed(*run) for _ in range(repeats) for run in runs]


def summary(lines: Sequence[Line]) -> list[str]:
    """Medians and ratios, in lines ``speed: labelling <figure> <ratio> to <rival>``."""

    def of(what: str, name: str = "structures_per_second") -> float:
        return float(median(line[name] for line in lines if line["what"] == what))

    one = of(LABEL_ONE)
    told = [f"{one:.0f} structures/s {one / of(rival):.2f} to {rival}" for rival in (KIMPY, ASE)]
    if any(line["what"] == LABEL_TWO for line in lines):
        two = of(LABEL_TWO)
        told.append(f"{two:.0f} structures/s on two cores {two / one:.2f} to one core")
    told.append(f"{of(START, 'seconds'):.2f} s to start, which is in all figures above")
    return [f"speed: labelling {text}" for text in told]


def rattled_silicon(count: int) -> list[Atoms]:
    """Diamond, 64 atoms, every structure displaced by 0.1 Å in another way."""
    crystal = bulk("Si", a=5.431, cubic=True) * 2
    random = np.random.default_rng(0)
    structures = []
    for _ in range(count):
        atoms = crystal.copy()
        atoms.positions += random.normal(scale=0.1, size=(len(atoms), 3))
        structures.append(atoms)
    return structures


def _program(structures: Path, model: str, workers: int) -> Callable[[], None]:
    output = structures.with_name("labelled.extxyz")
    command = [*PROGRAM, "label", str(structures), "--output", str(output)]
    command += ["--eip", f"sw=kim:{model}", "--workers", str(workers)]

    def run() -> None:
        output.unlink(missing_ok=True)
        subprocess.run(command, check=True, capture_output=True)

    return run


def _kimpy_loop(model_name: str, structures: Sequence[Atoms]) -> Callable[[], None]:
    """Energy and forces by kimpy as directly as it goes: no stress, no checks, no files."""
    import kimpy

    _, model = kimpy.model.create(
        kimpy.numbering.zeroBased,
        kimpy.length_unit.A,
        kimpy.energy_unit.eV,
        kimpy.charge_unit.e,
        kimpy.temperature_unit.K,
        kimpy.time_unit.ps,
        model_name,
    )
    arguments = model.compute_arguments_create()
    names = kimpy.compute_argument_name
    reach = model.get_influence_distance()
    cutoffs = np.asarray(model.get_neighbor_list_cutoffs_and_hints()[0], dtype=np.float64)
    neighbors = kimpy.neighlist.NeighList()
    arguments.set_callback_pointer(
        kimpy.compute_callback_name.GetNeighborList, kimpy.neighlist.get_neigh_kim(), neighbors
    )
    _, silicon = model.get_species_support_and_code(kimpy.species_name.Si)
    periodic = np.ones(3, dtype=np.int32)
    inputs = [
        (atoms.positions, atoms.cell.array, np.full(len(atoms), silicon, dtype=np.int32))
        for atoms in structures
    ]

    def run() -> None:
        for positions, cell, codes in inputs:
            n_atoms = len(positions)
            images, image_codes, owners = kimpy.neighlist.create_paddings(
                reach, cell, periodic, positions, codes
            )
            coordinates = np.concatenate([positions, images])
            all_codes = np.concatenate([codes, image_codes])
            contributing = np.zeros(len(coordinates), dtype=np.int32)
            contributing[:n_atoms] = 1
            neighbors.build(coordinates, reach, cutoffs, contributing)
            number, energy = np.array([len(coordinates)], dtype=np.int32), np.zeros(1)
            forces = np.zeros_like(coordinates)
            arguments.set_argument_pointer(names.numberOfParticles, number)
            arguments.set_argument_pointer(names.particleSpeciesCodes, all_codes)
            arguments.set_argument_pointer(names.particleContributing, contributing)
            arguments.set_argument_pointer(names.coordinates, coordinates)
            arguments.set_argument_pointer(names.partialEnergy, energy)
            arguments.set_argument_pointer(names.partialForces, forces)
            model.compute(arguments)
            np.add.at(forces, owners, forces[n_atoms:])

    return run


def _ase_loop(model: str, structures: Sequence[Atoms]) -> None:
    from ase.calculators.kim import KIM

    for atoms in structures:
        atoms = atoms.copy()
        atoms.calc = KIM(model)
        atoms.get_potential_energy()
        atoms.get_forces()


def _installed_model() -> str:
    """The latest version of the model that is installed."""
    from eippot.eips.kim import installed_models

    return max(name for name in installed_models() if name.startswith(MODEL))


def _timed(what: str, cores: int, count: int, run: Callable[[], None]) -> Line:
    with _on_cores(cores):
        start, start_cpu = time.perf_counter(), _cpu_seconds()
        run()
        seconds, cpu_seconds = time.perf_counter() - start, _cpu_seconds() - start_cpu
    return {
        "what": what,
        "cores": cores,
        "structures": count,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "structures_per_second": round(count / seconds, 1),
    }


def _cpu_seconds() -> float:
    """Processor time of this process, and of all that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextlib.contextmanager
def _on_cores(count: int) -> Iterator[None]:
    """Keep this process and its children to so many cores."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_cores)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=int, default=15000)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
