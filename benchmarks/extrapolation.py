"""Whether the extrapolation grade knows what is foreign: ``make bench NAME=extrapolation``.

A committee of four heads learns three quarters of some kinds of structures. The grade of an atom,
and the spread of the members about its force, then have to tell the last quarter, *inside*, from
all other kinds, *outside*, and atoms whose forces are right from those whose are wrong. The table
is that of docs/method.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from ase import Atoms
from scipy.stats import rankdata, spearmanr

from benchmarks.accuracy.data import SETS
from benchmarks.pages import header
from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.config.stages import FinetuneConfig
from eippot.stages import export, finetune
from eippot.structures.io import write_structures

#: data set, beginning of the names of the kinds that are learnt, network.
CASES: Final = (
    ("silicon", "bulk", "schnet"),
    ("silicon", "bulk", "soapnet"),
    ("AgPd", "enum_fcc", "schnet"),
)
MEMBERS: Final = 4


class Atomwise(NamedTuple):
    """What is known of the atoms of some structures, and the errors of their energies [eV/atom]."""

    grade: np.ndarray
    spread: np.ndarray
    error: np.ndarray
    largest_grade: np.ndarray
    energy_error: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240.0, help="of each training")
    parser.add_argument("--sets", nargs="+", default=["silicon"], choices=["silicon", "AgPd"])
    options = parser.parse_args()
    columns = ["median error in, out [meV/Å]", "AUROC of grade, spread", "ρ of grade, spread"]
    columns += ["ρ of energies", "grade > 1: in, out, worst", "grade > 2: in, out, worst"]
    print("\n".join(header(columns)))
    for name, kinds, network in CASES:
        if name in options.sets:
            print(row(name, kinds, network, options.seconds), flush=True)


def row(name: str, kinds: str, network: str, seconds: float) -> str:
    """Train, evaluate, and lay grade and spread beside the errors."""
    with tempfile.TemporaryDirectory() as folder:
        training, inside, outside = divided(SETS[name].structures(), kinds)
        write_structures(Path(folder) / "training.extxyz", training)
        calculator = trained(Path(folder), network, seconds)
        within, beyond = measured(calculator, inside), measured(calculator, outside)
    both = Atomwise(*(np.concatenate(pair) for pair in zip(within, beyond, strict=True)))
    foreign = np.repeat([False, True], [len(within.grade), len(beyond.grade)])
    worst = both.error > np.quantile(both.error, 0.9)
    cells = [
        f"{1000 * np.median(within.error):.0f}, {1000 * np.median(beyond.error):.0f}",
        f"{auroc(foreign, both.grade):.2f}, {auroc(foreign, both.spread):.2f}",
        f"{rho(both.grade, both.error):.2f}, {rho(both.spread, both.error):.2f}",
        f"{rho(both.largest_grade, both.energy_error):.2f}",
    ]
    for limit in (1.0, 2.0):
        graded = within.grade, beyond.grade, both.grade[worst]
        cells.append(", ".join(f"{100 * np.mean(values > limit):.1f} %" for values in graded))
    return f"| {name}, {network} | {' | '.join(cells)} |"


def divided(structures: Sequence[Atoms], kinds: str) -> tuple[list[Atoms], ...]:
    """Training, inside, outside; isolated atoms are known to all."""
    kind = [str(atoms.info["config_type"]) for atoms in structures]
    known = [a for a, k in zip(structures, kind, strict=True) if k.startswith(kinds)]
    alone = [a for a, k in zip(structures, kind, strict=True) if k == "isolated_atom"]
    others = [a for a in structures if not any(a is b for b in (*known, *alone))]
    order = np.random.default_rng(0).permutation(len(known))
    n_inside = len(known) // 4
    return (
        [known[i] for i in order[n_inside:]] + alone,
        [known[i] for i in order[:n_inside]],
        others,
    )


def trained(folder: Path, network: str, seconds: float) -> EippotCalculator:
    """Train on one thread, and export."""
    settings = {
        "data": {"structures": folder / "training.extxyz"},
        "output": folder / "run",
        "committee": MEMBERS,
        "model": {"architecture": network},
        "loss": {"weights": {"forces": 1.0}},
        "training": {"threads": 1, "max_seconds": seconds, "schedule": {"rate": 3e-3}},
    }
    finetune.run(FinetuneConfig.model_validate(settings), progress=False)
    export.run(ExportConfig(runs=(folder / "run",), output=folder / "model.pt"))
    return EippotCalculator(folder / "model.pt")


def measured(calculator: EippotCalculator, structures: Sequence[Atoms]) -> Atomwise:
    """Ask for everything about each structure."""
    found = []
    for atoms in structures:
        grade = calculator.get_property("extrapolation_grade", atoms)
        spread = calculator.get_property("forces_std", atoms)
        wrong = calculator.get_property("forces", atoms) - atoms.arrays["REF_forces"].reshape(-1, 3)
        energy = calculator.get_property("energy", atoms) - atoms.info["REF_energy"]
        norms = np.linalg.norm(spread, axis=1), np.linalg.norm(wrong, axis=1)
        of_structure = np.array([grade.max()]), np.array([abs(energy) / len(atoms)])
        found.append(Atomwise(grade, *norms, *of_structure))
    return Atomwise(*(np.concatenate(column) for column in zip(*found, strict=True)))


def auroc(positive: np.ndarray, values: np.ndarray) -> float:
    """How often a positive has the larger value than one that is not (area under the ROC curve)."""
    n_positive = positive.sum()
    ranks = rankdata(values)[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(ranks / (n_positive * (len(values) - n_positive)))


def rho(one: np.ndarray, other: np.ndarray) -> float:
    """Rank correlation (Spearman)."""
    return float(spearmanr(one, other).statistic)


if __name__ == "__main__":
    main()
