"""LAMMPS from 1,000 to 100,000 atoms on one and two ranks: ``make bench NAME=lammps_scaling``.

NVE of silicon with a SchNet of default size and random weights, whose features are exchanged
between ranks; the same network compressed; and on two ranks with extended ghosts, which are
evaluated with all their neighbors. One JSON line each in ``benchmarks/lammps_scaling.jsonl``; runs
that have a line are not done again. ``--table`` writes the table of ``docs/lammps.md``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

import torch
from torch import nn

from benchmarks.pages import Line, append_line, header, read_lines, with_table
from eippot.config.model import SchNetConfig
from eippot.deployment.files import write_exported
from eippot.models.exchange import GhostExchange
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.testing.exporting import exported_model

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "benchmarks" / "lammps_scaling.jsonl"
PAGE: Final = ROOT / "docs" / "lammps.md"
MARK: Final = "scaling table"
SCRIPTS: Final = Path(sysconfig.get_path("scripts"))

#: cells of 8 atoms along each edge.
CELLS: Final = (5, 8, 12, 16, 23)
#: models, and on how many ranks they run.
FORMS: Final = (
    ("exchanged", 1),
    ("exchanged", 2),
    ("compressed", 1),
    ("compressed", 2),
    ("extended", 2),
)
#: with extended ghosts; the largest one would need some 35 GB.
EXTENDED_CELLS: Final = CELLS[:-1]
#: how the table calls them.
NAMES: Final = {"exchanged": "", "compressed": ", compressed", "extended": ", extended ghosts"}
BINS: Final = 512
#: each run takes about so long [s], but has two steps at least.
SECONDS: Final = 20.0

SCRIPT: Final = """
units metal
lattice diamond 5.431
region box block 0 {cells} 0 {cells} 0 {cells}
create_box 1 box
create_atoms 1 box
mass 1 28.0855
displace_atoms all random 0.05 0.05 0.05 1
velocity all create 300 1 loop geom
pair_style eippot
pair_coeff * * {model} Si
fix 1 all nve
run 1
run {steps}
"""


def write_models(folder: Path) -> None:
    """A SchNet with random weights, one file for each model of FORMS."""
    torch.manual_seed(0)
    representation = build_representation(
        SchNetConfig(radial_functions=32), n_species=1, average_neighbors=28.0
    )
    potential = Potential(representation, n_species=1, n_heads=1, scale=0.1)
    _write(potential, folder / "exchanged.pt")
    _write(potential, folder / "compressed.pt", BINS)
    for module in potential.modules():
        for name, child in module.named_children():
            if isinstance(child, GhostExchange):
                setattr(module, name, nn.Identity())
    representation.n_exchanges = 0  # so its ghost range is its interaction range
    _write(potential, folder / "extended.pt")


def _write(potential: Potential, path: Path, bins: int = 0) -> None:
    write_exported(*exported_model([potential], "schnet", bins, {"Si": 0.0}), path)


def run(folder: Path, cells: int, model: str, ranks: int, seconds_per_atom: float) -> Line:
    """One run of LAMMPS; the time that an atom takes is known from the one before, or guessed."""
    atoms = 8 * cells**3
    steps = max(2, round(SECONDS / (seconds_per_atom * atoms)))
    script = SCRIPT.format(cells=cells, model=f"{model}.pt", steps=steps)
    (folder / "in.lmp").write_text(script)
    command = [str(SCRIPTS / "mpirun"), "-np", str(ranks)] if ranks > 1 else []
    command += [str(SCRIPTS / "lmp"), "-log", "none", "-in", "in.lmp"]
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{output[-2000:]}\n{' '.join(command)} ended with {status}")
    return {
        "atoms": atoms,
        "model": model,
        "ranks": ranks,
        "steps": steps,
        "seconds": float(_last(output, r"Loop time of (\S+)")),
        "ghosts": float(_last(output, r"Nghost:\s+(\S+)")),
        "neighbors": float(_last(output, r"FullNghs:\s+(\S+)")),
        "memory": usage.ru_maxrss * 1024 / 1e9,
    }


def _last(output: str, pattern: str) -> str:
    found: list[str] = re.findall(pattern, output)
    return found[-1]


def microseconds(line: Line) -> float:
    """Per atom and step."""
    return float(1e6 * line["seconds"] / line["steps"] / line["atoms"])


def memory(line: Line) -> float:
    """Of all ranks [GB]."""
    return float(line["memory"] * line["ranks"])


def table(lines: list[Line]) -> str:
    """What was measured, in Markdown."""
    columns = ["ranks", "ghosts of a rank", "neighbors of a rank", "µs/atom/step", "memory [GB]"]
    rows = header(columns)
    order = {form: k for k, form in enumerate(FORMS)}
    for line in sorted(lines, key=lambda x: (order[x["model"], x["ranks"]], x["atoms"])):
        name = f"{line['atoms']:,} atoms{NAMES[line['model']]}"
        cells = [
            f"{line['ranks']}",
            f"{line['ghosts']:,.0f}",
            f"{line['neighbors']:,.0f}",
            f"{microseconds(line):.1f}",
            f"{memory(line):.1f}",
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Run what is missing and print it, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="store_true", help="write docs/lammps.md, run nothing")
    arguments = parser.parse_args()
    lines = read_lines(RESULTS)
    if arguments.table:
        PAGE.write_text(with_table(PAGE.read_text(), MARK, table(lines)))
        return
    done = {(line["atoms"], line["model"], line["ranks"]) for line in lines}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_models(folder)
        for model, ranks in FORMS:
            seconds_per_atom = 5e-4
            for cells in EXTENDED_CELLS if model == "extended" else CELLS:
                if (8 * cells**3, model, ranks) in done:
                    continue
                line = run(folder, cells, model, ranks, seconds_per_atom)
                seconds_per_atom = 1e-6 * microseconds(line)
                append_line(RESULTS, line)
                print(table([line]).splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
