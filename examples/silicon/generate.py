"""Write silicon structures: ``python generate.py --count 5000 --seed 1 -o pool.extxyz``.

The list of a seed is always the same, and a shorter list is the beginning of a longer
one. The DFT set is the beginning of the list of seed 0. Needs OpenKIM for the dynamics
behind the liquid and amorphous snapshots.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from ase import Atoms
from ase.io import write
from recipe import draw
from trajectories import Trajectories


def generate(count: int, seed: int) -> list[Atoms]:
    """Return the first `count` structures of the list that belongs to `seed`.

    Parameters
    ----------
    count
        Number of structures; the first one is the isolated atom.
    seed
        Seed of the list; 0 is the list that is labelled with DFT.

    Returns
    -------
    list of Atoms
        Structures with ``info["config_type"]``.
    """
    trajectories = Trajectories(seed)
    return [draw(seed, index, trajectories) for index in range(count)]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write silicon structures of the recipe.")
    parser.add_argument("--count", type=int, default=5000, help="number of structures")
    parser.add_argument("--seed", type=int, default=1, help="seed; 0 is the DFT set")
    parser.add_argument("-o", "--output", type=Path, default=Path("pool.extxyz"))
    arguments = parser.parse_args()
    structures = generate(arguments.count, arguments.seed)
    write(arguments.output, structures, format="extxyz")
    counts = Counter(structure.info["config_type"] for structure in structures)
    for config_type, number in sorted(counts.items()):
        print(f"{config_type:24s}{number:7d}")
    print(f"{'all':24s}{len(structures):7d}  ->  {arguments.output}")


if __name__ == "__main__":
    main()
