"""Converge the DFT settings: ``python convergence.py -o convergence.md``.

Energies are relative to diamond with the same settings, as that is what a potential
learns; forces and stress are compared as they are. The reference is the last row.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from espresso import Settings, label
from generate import generate
from phases import bcc, diamond, lonsdaleite, simple_hexagonal

from eippot.structures.generators import cluster
from eippot.structures.perturbations import rattle


def representatives() -> dict[str, Atoms]:
    """Return the structures that the settings are converged on; the first is the zero."""
    rng = np.random.default_rng(0)
    perfect = diamond()
    perfect.info["config_type"] = "bulk_diamond"
    liquid = next(a for a in generate(20, 0) if a.info["config_type"] == "liquid")
    return {
        "diamond": perfect,
        "rattled diamond": rattle(perfect * (2, 1, 1), 0.1, rng),
        "rattled bcc": rattle(bcc() * (2, 1, 1), 0.1, rng),
        "rattled simple hexagonal": rattle(simple_hexagonal() * (1, 1, 2), 0.1, rng),
        "liquid": liquid,
        "cluster": cluster(["Si"] * 4, (2.2, 2.6), rng),
    }


def variations(base: Settings) -> dict[str, Settings]:
    """Return what is compared: each setting alone, and all of them tight at the end."""
    dense = replace(base, max_k_spacing=0.2, max_k_spacing_gapped=0.25)
    roomy = replace(base, padding=12.0, smallest_box=15.0)
    return {
        "as used": base,
        "cutoff 16 Ry": replace(base, cutoff=16.0),
        "cutoff 30 Ry": replace(base, cutoff=30.0),
        "k-point distance 0.40, gapped 0.55": replace(
            base, max_k_spacing=0.4, max_k_spacing_gapped=0.55
        ),
        "k-point distance 0.20, gapped 0.25": dense,
        "smearing 0.015 Ry": replace(base, smearing_width=0.015),
        "self-consistency 1e-9 Ry": replace(base, convergence=1e-9),
        "padding 12 Å": roomy,
        "tight": replace(
            dense,
            cutoff=36.0,
            smearing_width=0.015,
            convergence=1e-9,
            padding=12.0,
            smallest_box=15.0,
        ),
    }


GRIDS = {
    "diamond, 2 atoms": (diamond(), ["4 4 4", "5 5 5", "6 6 6", "7 7 7", "10 10 10"]),
    "diamond, 4 atoms": (diamond() * (2, 1, 1), ["2 5 5", "3 7 7", "4 6 6", "6 10 10"]),
    "diamond, 8 atoms": (diamond() * (2, 2, 1), ["2 2 5", "3 3 5", "4 4 6", "6 6 10"]),
    "lonsdaleite, 4 atoms": (lonsdaleite(), ["4 4 2", "5 5 3", "6 6 4", "7 7 4", "10 10 6"]),
}
"""Perfect crystals with a gap, and grids whose last one is the reference."""


def grids_table(settings: Settings) -> str:
    """Return a Markdown table of energies against the densest grid, diamond's own included."""
    lines = ["| perfect crystal | grid: energy error [meV/atom] |", "|---|---|"]
    for name, (crystal, texts) in GRIDS.items():
        grids = [tuple(int(n) for n in text.split()) for text in texts]
        energies = [label(crystal, settings, grid=g).energy / len(crystal) for g in grids]
        cells = [
            f"{text.replace(' ', '×')}: {1000 * (energy - energies[-1]):+.1f}"
            for text, energy in zip(texts[:-1], energies, strict=False)
        ]
        lines.append(f"| {name} | {', '.join(cells)} |")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Point:
    """Labels of one structure: energy per atom [eV], forces [eV/Å], stress [eV/Å³]."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray


def compute(structure: Atoms, settings: Settings) -> Point:
    """Label one structure."""
    labels = label(structure, settings)
    stress = np.zeros(6) if labels.stress is None else np.array(labels.stress)
    return Point(labels.energy / len(structure), np.array(labels.forces), stress)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write the convergence table.")
    parser.add_argument("-o", "--output", type=Path, default=Path("convergence.md"))
    arguments = parser.parse_args()
    structures = representatives()
    points: dict[str, dict[str, Point]] = {}
    for name, settings in variations(Settings(time_limit=3600)).items():
        points[name] = {key: compute(atoms, settings) for key, atoms in structures.items()}
        print(f"done: {name}", flush=True)
    arguments.output.write_text(table(points) + "\n" + grids_table(Settings()))


def table(points: dict[str, dict[str, Point]]) -> str:
    """Return a Markdown table of errors against the last row."""
    *_, tight = points.values()
    names = [name for name in tight if name != "diamond"]
    lines = [
        "| settings | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for row, values in points.items():
        cells = [errors(values, tight, name) for name in names]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def errors(values: dict[str, Point], tight: dict[str, Point], name: str) -> str:
    """Return energy [meV/atom] / largest force [meV/Å] / largest stress [GPa] errors."""
    relative = values[name].energy - values["diamond"].energy
    expected = tight[name].energy - tight["diamond"].energy
    force = np.max(np.abs(values[name].forces - tight[name].forces))
    stress = np.max(np.abs(values[name].stress - tight[name].stress)) * 160.21766
    return f"{1000 * (relative - expected):+.1f} / {1000 * force:.0f} / {stress:.2f}"


if __name__ == "__main__":
    main()
