"""Five potentials from 100 DFT labels, over three seeds: ``make bench NAME=silicon``.

Runs the demonstration once per seed (its own split, pool and weights; MD for the first), keeps a
JSON line per seed in ``benchmarks/silicon.jsonl``, and prints means and spreads. Seeds that have
a line already are not run again; remove the file to start anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.pages import append_line, read_lines

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "examples" / "silicon" / "demo.py"
RESULTS = HERE / "silicon.jsonl"
SEEDS = (0, 1, 2)


def run_seed(seed: int) -> dict[str, object]:
    """Train and test the potentials of one seed; return the demonstration's summary."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        options = ["--output", str(folder), "--seed", str(seed)]
        options += [] if seed == SEEDS[0] else ["--no-md"]
        subprocess.run([sys.executable, str(DEMO), *options], check=True)
        summary: dict[str, object] = json.loads((folder / "summary.json").read_text())
    return summary


def table(lines: list[dict[str, dict[str, dict[str, float]]]]) -> str:
    """Means and standard deviations over the seeds [meV/atom, meV/Å], and ratios of the means."""
    rows = []
    mean = {}
    for strategy in lines[0]["errors"]:
        errors = [line["errors"][strategy] for line in lines]
        energy = np.array([e["energy_mae_per_atom"] for e in errors])
        forces = np.array([e["forces_mae"] for e in errors])
        mean[strategy] = energy.mean()
        ratio = mean[strategy] / mean["baseline"]
        rows.append(
            f"silicon: {strategy:9} energy {spread(energy)} meV/atom ({ratio:.2f})  "
            f"forces {spread(forces)} meV/Å"
        )
    return "\n".join(rows)


def spread(values: np.ndarray) -> str:
    """Mean ± standard deviation."""
    return f"{values.mean():6.1f} ± {values.std(ddof=1):4.1f}"


def main() -> None:
    """Run the missing seeds and print the table."""
    lines = read_lines(RESULTS)
    for seed in sorted(set(SEEDS) - {line["seed"] for line in lines}):
        lines.append(run_seed(seed))
        append_line(RESULTS, lines[-1])
    print(table(lines))


if __name__ == "__main__":
    main()
